import shlex


# A job on a cluster would not know the command that the run was started with
localrules:
    write_page,


FILES_GIVEN = [os.path.relpath(path) for path in workflow.overwrite_configfiles or []]
SETTINGS = [f"{key}={dumps(value)}" for key, value in (workflow.config_settings.config or {}).items()]
COMMAND = ["snakemake", "--cores", "2"]
COMMAND += ["--configfile", *FILES_GIVEN] if FILES_GIVEN else []
COMMAND += ["--config", *SETTINGS] if SETTINGS else []


rule write_page:
    input:
        paths.directions("csv"),
        paths.directions("nc"),
        paths.index(),
        paths.power(),
        [path for path in FIGURES if path.endswith(".png")],
        [paths.network_map(sweep.name, name) for sweep in EXPERIMENT.sweeps.values() for name in NEEDS.maps(sweep)],
    output:
        report(
            paths.page(),
            caption=CAPTION,
            category="findings",
            labels={"figure": "page", "metric": "all"},
        ),
    log:
        paths.log(paths.page()),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        script=script("write_page.py"),
        code=lambda wildcards: code("write_page.py"),
        # Snakemake does not compare what is derived from inputs: only what the page shows makes it stale
        config=lambda wildcards, input: dumps(config),
        command=lambda wildcards, input: shlex.join(COMMAND),
        caption=lambda wildcards, input: "What was found, in words, tables and figures: one page that opens offline.",
    shell:
        logged("{params.script:q} --config {params.config:q} --command {params.command:q} --output {output:q}")


TARGETS += [paths.page()]
