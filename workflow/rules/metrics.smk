rule compute_metric:
    input:
        networks=lambda wildcards: NEEDS.networks(condition_of(wildcards)),
        trials=lambda wildcards: needs.trials_of(condition_of(wildcards)),
        fixed_points=lambda wildcards: (
            NEEDS.fixed_points(condition_of(wildcards)) if NEEDS.uses_fixed_points(wildcards.metric) else []
        ),
    output:
        paths.metric("{task}", "{condition}", "{metric}"),
    log:
        paths.log(paths.metric("{task}", "{condition}", "{metric}")),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000, lambda wildcards: NEEDS.memory_of_metric(wildcards.metric, condition_of(wildcards))),
        runtime=growing(120),
        gpu=metric_gpus,
        device=metric_device,  # as a resource, it triggers no rerun
    params:
        script=script("compute_metric.py"),
        metric=lambda wildcards: EXPERIMENT.plugin(wildcards.metric).name,
        code=lambda wildcards: condition_code(
            "compute_metric.py", condition_of(wildcards), EXPERIMENT.plugin(wildcards.metric)
        ),
        spec=lambda wildcards: condition_of(wildcards).spec_json,
        options=lambda wildcards: dumps(EXPERIMENT.metrics[wildcards.task][wildcards.metric]),
        trials=lambda wildcards, input: ["--trials", input.trials] if input.trials else [],
    shell:
        logged(
            "{params.script:q} {params.metric:q} --networks {input.networks:q} {params.trials:q}"
            " --fixed-points {input.fixed_points:q} --condition {params.spec:q} --options {params.options:q}"
            " --device {resources.device:q} --output {output:q}"
        )


rule compute_map:
    input:
        networks=lambda wildcards: [
            path for condition in sweep_of(wildcards).conditions for path in NEEDS.networks(condition)
        ],
        trials=lambda wildcards: list(
            dict.fromkeys(path for condition in sweep_of(wildcards).conditions for path in needs.trials_of(condition))
        ),
        metrics=lambda wildcards: NEEDS.metric(sweep_of(wildcards), wildcards.metric),
    output:
        paths.network_map("{sweep}", "{metric}"),
    log:
        paths.log(paths.network_map("{sweep}", "{metric}")),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(
            1000, lambda wildcards: NEEDS.memory_of_metric(wildcards.metric, *sweep_of(wildcards).conditions)
        ),
        runtime=growing(240),
        gpu=metric_gpus,
        device=metric_device,  # as a resource, it triggers no rerun
    params:
        script=script("compute_map.py"),
        metric=lambda wildcards: EXPERIMENT.plugin(wildcards.metric).name,
        code=lambda wildcards: code(
            "compute_map.py",
            *(
                plugin
                for one in sweep_of(wildcards).conditions
                for plugin in (*tasks_of(one.spec), *cells_of(one.spec))
            ),
            EXPERIMENT.plugin(wildcards.metric),
        ),
        options=lambda wildcards: dumps(EXPERIMENT.metrics[sweep_of(wildcards).task][wildcards.metric]),
        factor=lambda wildcards: sweep_of(wildcards).factor,
        # in order, which that of the inputs triggers no rerun for
        specs=lambda wildcards: sweep_of(wildcards).specs_json,
    shell:
        logged(
            "{params.script:q} {params.metric:q} --factor {params.factor:q} --networks {input.networks:q}"
            " --trials {input.trials:q} --metrics {input.metrics:q} --conditions {params.specs:q}"
            " --options {params.options:q}"
            " --device {resources.device:q} --output {output:q}"
        )


METRICS = [
    paths.metric(condition.task, condition.name, metric)
    for condition in EXPERIMENT.conditions
    for metric in EXPERIMENT.metrics_of(condition)
]


rule write_metrics:
    input:
        METRICS,
        index=paths.index(),  # which lists them: a command would be too long
    output:
        paths.metrics_table(),
    log:
        paths.log(paths.metrics_table()),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        script=script("write_metrics.py"),
        code=lambda wildcards: code("write_metrics.py"),
    shell:
        logged("{params.script:q} --index {input.index:q} --output {output:q}")


TARGETS += [*METRICS, *([paths.metrics_table()] if METRICS else [])]
