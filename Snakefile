from snakemake.utils import min_version

min_version("9.0")


if not workflow.overwrite_configfiles:  # --configfile replaces the default experiment, never mixes with it

    configfile: "config.yaml"


include: "workflow/rules/common.smk"


for rules_file in RULES:

    include: rules_file


report: "workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        TARGETS,
