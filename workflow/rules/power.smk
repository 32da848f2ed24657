rule compute_power:
    input:
        NEEDS.statistics(),
    output:
        paths.power(),
    log:
        paths.log(paths.power()),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        script=script("compute_power.py"),
        code=lambda wildcards: code("compute_power.py"),
    shell:
        logged("{params.script:q} --statistics {input:q} --output {output:q}")


TARGETS += [paths.power()]
