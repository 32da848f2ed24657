rule compute_directions:
    input:
        [layout.statistics(sweep.name, metric) for sweep in EXPERIMENT.sweeps.values() for metric in metrics_of(sweep)],
    output:
        data=layout.directions("nc"),
        table=layout.directions("csv"),
    log:
        "results/logs/statistics/directions.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        script=script("compute_directions.py"),
        # a task says in its file which of its options make it more complex
        code=lambda wildcards: units.code_hash(
            SCRIPTS / "compute_directions.py",
            *sorted({units.source("tasks", sweep.task) for sweep in EXPERIMENT.sweeps.values()}),
        ),
    shell:
        "python {params.script:q} --statistics {input:q} --output {output.data:q} --table {output.table:q}"
        " > {log:q} 2>&1 || (tail -n 1 {log:q} >&2; false)"


TARGETS += [layout.directions(ending) for ending in ("nc", "csv")]
