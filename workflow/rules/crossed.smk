if NEEDS.crossed():

    rule compute_crossed:
        input:
            NEEDS.crossed(),
        output:
            paths.crossed(),
        log:
            paths.log(paths.crossed()),
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(10),
        params:
            script=script("compute_crossed.py"),
            code=lambda wildcards: code("compute_crossed.py"),
            confidence=EXPERIMENT.statistics["confidence"],
        shell:
            logged("{params.script:q} --metrics {input:q} --confidence {params.confidence:q} --output {output:q}")

    TARGETS += [paths.crossed()]
