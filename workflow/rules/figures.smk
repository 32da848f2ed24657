from degeneracy.drawing.caption import caption


rule draw_figure:
    input:
        lambda wildcards: NEEDS.figure_inputs(**wildcards),
    output:
        pdf=paths.figure("{sweep}", "{figure}", "pdf"),
        png=report(
            paths.figure("{sweep}", "{figure}", "png"),
            caption=CAPTION,
            category="{sweep}",
            labels={"figure": "{figure}", "metric": "all"},
        ),
    log:
        paths.log(paths.figure("{sweep}", "{figure}", "pdf")),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        script=script("draw_figure.py"),
        code=lambda wildcards: code("draw_figure.py", Plugin("figures", wildcards.figure)),
        options=lambda wildcards: dumps(EXPERIMENT.figures[wildcards.figure]),
        artifacts=lambda wildcards: dumps(NEEDS.figure_arguments(**wildcards)),
        # levels in another order leave the paths of statistics and maps as they are
        levels=lambda wildcards: [EXPERIMENT.sweeps[name].levels_json for name in NEEDS.drawn_sweeps(**wildcards)],
        # Snakemake does not compare what is derived from inputs, so another caption redraws nothing
        caption=lambda wildcards, input: caption(wildcards.figure),
    shell:
        logged(
            "{params.script:q} {wildcards.figure:q} --artifacts {params.artifacts:q}"
            " --options {params.options:q} --output {output:q}"
        )


use rule draw_figure as draw_metric_figure with:
    input:
        lambda wildcards: NEEDS.figure_inputs(**wildcards),
    output:
        pdf=paths.metric_figure("{sweep}", "{metric}", "{figure}", "pdf"),
        png=report(
            paths.metric_figure("{sweep}", "{metric}", "{figure}", "png"),
            caption=CAPTION,
            category="{sweep}",
            labels={"figure": "{figure}", "metric": "{metric}"},
        ),
    log:
        paths.log(paths.metric_figure("{sweep}", "{metric}", "{figure}", "pdf")),


use rule draw_figure as draw_experiment_figure with:
    input:
        lambda wildcards: NEEDS.figure_inputs(**wildcards),
    output:
        pdf=paths.experiment_figure("{figure}", "pdf"),
        png=report(
            paths.experiment_figure("{figure}", "png"),
            caption=CAPTION,
            category="experiment",
            labels={"figure": "{figure}", "metric": "all"},
        ),
    log:
        paths.log(paths.experiment_figure("{figure}", "pdf")),


FIGURES = NEEDS.figure_targets()
TARGETS += FIGURES
