rule draw_figure:
    input:
        figure_inputs,
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
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        script=script("draw_figure.py"),
        code=lambda wildcards: code("draw_figure.py", figures=wildcards.figure),
        options=lambda wildcards: dumps(EXPERIMENT.figures[wildcards.figure]),
        artifacts=figure_arguments,
        # levels in another order leave the paths of statistics and maps as they are
        levels=lambda wildcards: [EXPERIMENT.sweeps[name].levels_json for name in drawn_sweeps(**wildcards)],
        caption=lambda wildcards: units.docstring("figures", wildcards.figure),
    shell:
        "python {params.script:q} {wildcards.figure} {params.artifacts:q} --options {params.options:q}"
        " --output {output:q} > {log:q} 2>&1 || (tail -n 1 {log:q} >&2; false)"


use rule draw_figure as draw_metric_figure with:
    input:
        figure_inputs,
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


use rule draw_figure as draw_experiment_figure with:
    input:
        figure_inputs,
    output:
        pdf=layout.experiment_figure("{figure}", "pdf"),
        png=report(
            layout.experiment_figure("{figure}", "png"),
            caption=CAPTION,
            category="experiment",
            labels={"figure": "{figure}", "metric": "all"},
        ),
    log:
        "results/logs/figures/{figure}.log",


DRAWN = experiment_figures()
for ending in ("pdf", "png"):
    TARGETS += [layout.experiment_figure(figure, ending) for figure in DRAWN]
    for sweep in EXPERIMENT.sweeps.values():
        TARGETS += [layout.figure(sweep.name, figure, ending) for figure in figures_of(sweep, "sweep")]
        for scope, metrics in (("metric", metrics_of(sweep)), ("map", maps_of(sweep))):
            TARGETS += [
                layout.metric_figure(sweep.name, metric, figure, ending)
                for figure in figures_of(sweep, scope)
                for metric in metrics
            ]
