rule compute_statistics:
    input:
        lambda wildcards: [
            layout.metric(condition.task, condition.name, wildcards.metric)
            for condition in sweep_of(wildcards).conditions
        ],
    output:
        layout.statistics("{sweep}", "{metric}"),
    log:
        "results/logs/statistics/{sweep}/{metric}.log",
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
        confidence=EXPERIMENT.statistics["confidence"],
    shell:
        "python {params.script:q} --factor {params.factor} --metrics {input:q}"
        " --confidence {params.confidence} --output {output:q} > {log:q} 2>&1 || (tail -n 1 {log:q} >&2; false)"


TARGETS += [
    layout.statistics(sweep.name, metric) for sweep in EXPERIMENT.sweeps.values() for metric in metrics_of(sweep)
]
