rule compute_directions:
    input:
        NEEDS.statistics(),
    output:
        data=paths.directions("nc"),
        table=paths.directions("csv"),
    log:
        paths.log(paths.directions("nc")),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        script=script("compute_directions.py"),
        variant_of=dumps(NEEDS.variant_of()),
        # a task says in its file which of its options make it more complex
        code=lambda wildcards: code(
            "compute_directions.py",
            *(Plugin("tasks", sweep.task) for sweep in EXPERIMENT.sweeps.values() if NEEDS.metrics(sweep)),
        ),
    shell:
        logged(
            "{params.script:q} --statistics {input:q} --variant-of {params.variant_of:q}"
            " --output {output.data:q} --table {output.table:q}"
        )


TARGETS += [paths.directions(ending) for ending in ("nc", "csv")]
