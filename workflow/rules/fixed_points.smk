rule find_fixed_points:
    input:
        networks=layout.networks("{task}", "{condition}", "{block}"),
        trials=lambda wildcards: trials_of(condition_of(wildcards)),
    output:
        layout.fixed_points("{task}", "{condition}", "{block}"),
    log:
        "results/logs/{task}/{condition}/fixed_points/{block}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
        gpu=GPUS,
        device=DEVICE,  # as a resource, it triggers no rerun
    params:
        script=script("find_fixed_points.py"),
        code=lambda wildcards: condition_code("find_fixed_points.py", condition_of(wildcards)),
        options=dumps(EXPERIMENT.fixed_points),
    shell:
        "python {params.script:q} --networks {input.networks:q} --trials {input.trials:q}"
        " --options {params.options:q} --device {resources.device} --output {output:q} > {log:q} 2>&1 || (tail -n 1 {log:q} >&2; false)"


TARGETS += [
    path
    for condition in EXPERIMENT.conditions
    if any(uses_fixed_points(metric) for metric in EXPERIMENT.metrics[condition.task])
    for path in fixed_points_of(condition)
]
