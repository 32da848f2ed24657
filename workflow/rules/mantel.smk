rule compute_mantel:
    input:
        lambda wildcards: [
            path
            for name in NEEDS.compared_metrics(sweep_of(wildcards))
            for path in NEEDS.metric(sweep_of(wildcards), name)
        ],
    output:
        paths.mantel("{sweep}"),
    log:
        paths.log(paths.mantel("{sweep}")),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        script=script("compute_mantel.py"),
        code=lambda wildcards: code("compute_mantel.py"),
        specs=lambda wildcards: sweep_of(wildcards).specs_json,
    shell:
        logged("{params.script:q} --metrics {input:q} --conditions {params.specs:q} --output {output:q}")


TARGETS += [paths.mantel(name) for name, sweep in EXPERIMENT.sweeps.items() if NEEDS.compared_metrics(sweep)]
