rule compute_metric:
    input:
        networks=lambda wildcards: networks_of(condition_of(wildcards)),
        trials=lambda wildcards: trials_of(condition_of(wildcards)),
        fixed_points=lambda wildcards: (
            fixed_points_of(condition_of(wildcards)) if uses_fixed_points(wildcards.metric) else []
        ),
    output:
        layout.metric("{task}", "{condition}", "{metric}"),
    log:
        "results/logs/{task}/{condition}/metrics/{metric}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
        gpu=metric_gpus,
        device=metric_device,  # as a resource, it triggers no rerun
    params:
        script=script("compute_metric.py"),
        code=lambda wildcards: condition_code("compute_metric.py", condition_of(wildcards), metrics=wildcards.metric),
        options=lambda wildcards: dumps(metric_options(wildcards.task, wildcards.metric)),
    shell:
        "python {params.script:q} {wildcards.metric} --networks {input.networks:q} --trials {input.trials:q}"
        " --fixed-points {input.fixed_points:q} --options {params.options:q}"
        " --device {resources.device} --output {output:q} > {log:q} 2>&1 || (tail -n 1 {log:q} >&2; false)"


rule compute_map:
    input:
        networks=lambda wildcards: [
            path for condition in sweep_of(wildcards).conditions for path in networks_of(condition)
        ],
        trials=lambda wildcards: list(dict.fromkeys(map(trials_of, sweep_of(wildcards).conditions))),
        metrics=lambda wildcards: [
            layout.metric(condition.task, condition.name, wildcards.metric)
            for condition in sweep_of(wildcards).conditions
        ],
    output:
        layout.network_map("{sweep}", "{metric}"),
    log:
        "results/logs/maps/{sweep}/{metric}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
        gpu=metric_gpus,
        device=metric_device,  # as a resource, it triggers no rerun
    params:
        script=script("compute_map.py"),
        code=lambda wildcards: condition_code(
            "compute_map.py", sweep_of(wildcards).conditions[0], metrics=wildcards.metric
        ),
        options=lambda wildcards: dumps(metric_options(sweep_of(wildcards).task, wildcards.metric)),
        factor=lambda wildcards: sweep_of(wildcards).factor,
        levels=lambda wildcards: sweep_of(wildcards).levels_json,  # the order of inputs triggers no rerun, this does
    shell:
        "python {params.script:q} {wildcards.metric} --factor {params.factor} --networks {input.networks:q}"
        " --trials {input.trials:q} --metrics {input.metrics:q} --options {params.options:q}"
        " --device {resources.device} --output {output:q} > {log:q} 2>&1 || (tail -n 1 {log:q} >&2; false)"


TARGETS += [
    layout.metric(condition.task, condition.name, metric)
    for condition in EXPERIMENT.conditions
    for metric in EXPERIMENT.metrics[condition.task]
]
