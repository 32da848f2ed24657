rule compute_statistics:
    input:
        metrics=lambda wildcards: NEEDS.metric(sweep_of(wildcards), wildcards.metric),
        # the trend of a metric that compares networks across levels is tested on all their distances
        map=lambda wildcards: NEEDS.across(sweep_of(wildcards), wildcards.metric),
    output:
        paths.statistics("{sweep}", "{metric}"),
    log:
        paths.log(paths.statistics("{sweep}", "{metric}")),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        script=script("compute_statistics.py"),
        code=lambda wildcards: code("compute_statistics.py"),  # when a job needs it, not at every start
        factor=lambda wildcards: sweep_of(wildcards).factor,
        levels=lambda wildcards: sweep_of(wildcards).levels_json,  # the order of inputs triggers no rerun, this does
        map=lambda wildcards, input: ["--map", input.map] if input.map else [],
        confidence=EXPERIMENT.statistics["confidence"],
    shell:
        logged(
            "python {params.script:q} --factor {params.factor} --metrics {input.metrics:q} {params.map:q}"
            " --confidence {params.confidence} --output {output:q}"
        )


TARGETS += NEEDS.statistics()
