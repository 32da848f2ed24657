rule draw_figure:
    input:
        lambda wildcards: figure_artifacts(sweep_of(wildcards), wildcards.figure),
    output:
        pdf=layout.figure("{sweep}", "{figure}", "pdf"),
        png=report(
            layout.figure("{sweep}", "{figure}", "png"),
            caption=CAPTION,
            category="{sweep}",
            labels={"figure": "{figure}", "metric": "all"},
        ),
    log:
        "results/logs/figures/{sweep}/{figure}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        script=script("draw_figure.py"),
        code=lambda wildcards: code("draw_figure.py", figures=wildcards.figure),
        options=lambda wildcards: dumps(EXPERIMENT.figures[wildcards.figure]),
        factor=lambda wildcards: sweep_of(wildcards).factor,
        levels=lambda wildcards: sweep_of(wildcards).levels_json,  # the order of inputs triggers no rerun, this does
        caption=lambda wildcards: units.docstring("figures", wildcards.figure),
    shell:
        "python {params.script:q} {wildcards.figure} --factor {params.factor} --artifacts {input:q}"
        " --options {params.options:q} --output {output:q} > {log:q} 2>&1 || (tail -n 1 {log:q} >&2; false)"


use rule draw_figure as draw_metric_figure with:
    input:
        lambda wildcards: figure_artifacts(sweep_of(wildcards), wildcards.figure, wildcards.metric),
    output:
        pdf=layout.metric_figure("{sweep}", "{metric}", "{figure}", "pdf"),
        png=report(
            layout.metric_figure("{sweep}", "{metric}", "{figure}", "png"),
            caption=CAPTION,
            category="{sweep}",
            labels={"figure": "{figure}", "metric": "{metric}"},
        ),
    log:
        "results/logs/figures/{sweep}/{metric}/{figure}.log",


for sweep in EXPERIMENT.sweeps.values():
    TARGETS += [layout.figure(sweep.name, figure, "png") for figure in figures_of(sweep, "sweep")]
    for scope, metrics in (("metric", metrics_of(sweep)), ("map", maps_of(sweep))):
        TARGETS += [
            layout.metric_figure(sweep.name, metric, figure, "png")
            for figure in figures_of(sweep, scope)
            for metric in metrics
        ]
