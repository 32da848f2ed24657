from degeneracy.experiment.validation import defaults_of

if "intrinsic_dimension" in config:
    SUBSPACES = defaults_of(SCHEMA, "intrinsic_dimension") | config["intrinsic_dimension"]
    IN_SUBSPACES = {
        f"{one.task}/{one.name}": {
            "subspaces": [paths.subspaces(one.task, one.name, str(each)) for each in SUBSPACES["dimensions"]],
            "networks": NEEDS.networks(one),
        }
        for one in NEEDS.trained
    }

    rule train_subspaces:
        input:
            judged,
        output:
            paths.subspaces("{task}", "{condition}", "{dimension}"),
        log:
            paths.log(paths.subspaces("{task}", "{condition}", "{dimension}")),
        wildcard_constraints:
            dimension=r"\d+",
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=growing(4000),
            runtime=growing(240),
        params:
            script=script("train_subspaces.py"),
            code=lambda wildcards: condition_code("train_subspaces.py", condition_of(wildcards)),
            spec=lambda wildcards: condition_of(wildcards).spec_json,
            seeds=SUBSPACES["seeds"],
            epochs=SUBSPACES["epochs"],
        shell:
            logged(
                "{params.script:q} --condition {params.spec:q} --dimension {wildcards.dimension} --seeds {params.seeds}"
                " --epochs {params.epochs} --output {output:q}"
            )

    rule compute_intrinsic_dimension:
        input:
            [path for files in IN_SUBSPACES.values() for kind in files.values() for path in kind],
        output:
            table=paths.intrinsic_dimension(),
            pdf=paths.experiment_figure("intrinsic_dimension", "pdf"),
            png=report(
                paths.experiment_figure("intrinsic_dimension", "png"),
                category="experiment",
                labels={"figure": "intrinsic_dimension", "metric": "all"},
            ),
        log:
            paths.log(paths.intrinsic_dimension()),
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(10),
        params:
            script=script("compute_intrinsic_dimension.py"),
            code=lambda wildcards: code("compute_intrinsic_dimension.py"),
            artifacts=dumps(IN_SUBSPACES),
        shell:
            logged(
                "{params.script:q} --artifacts {params.artifacts:q} --output {output.table:q}"
                " --figure {output.pdf:q} {output.png:q}"
            )

    TARGETS += [
        paths.intrinsic_dimension(),
        *(path for files in IN_SUBSPACES.values() for path in files["subspaces"]),
    ]
