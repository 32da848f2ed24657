import os

from snakemake.utils import min_version

min_version("9.0")


if not workflow.overwrite_configfiles:  # --configfile replaces the default experiment; the two never mix

    # that of the working directory (--directory) if there is one, or the one that comes with the workflow
    configfile: "config.yaml" if os.path.exists("config.yaml") else f"{workflow.basedir}/config.yaml"


include: "workflow/rules/common.smk"


for rules_file in RULES:

    include: rules_file


report: "workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        TARGETS,
