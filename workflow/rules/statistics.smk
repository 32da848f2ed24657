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
        metric=lambda wildcards: EXPERIMENT.plugin(wildcards.metric).name,
        code=lambda wildcards: code("compute_statistics.py"),  # when a job needs it, not at every start
        factor=lambda wildcards: sweep_of(wildcards).factor,
        options=lambda wildcards: dumps(NEEDS.metrics(sweep_of(wildcards))[wildcards.metric]),
        # in order, which that of the inputs triggers no rerun for
        specs=lambda wildcards: sweep_of(wildcards).specs_json,
        map=lambda wildcards, input: ["--map", input.map] if input.map else [],
        confidence=EXPERIMENT.statistics["confidence"],
    shell:
        logged(
            "{params.script:q} {params.metric:q} --factor {params.factor:q} --metrics {input.metrics:q}"
            " {params.map:q} --options {params.options:q} --conditions {params.specs:q}"
            " --confidence {params.confidence:q} --output {output:q}"
        )


TARGETS += NEEDS.statistics()
