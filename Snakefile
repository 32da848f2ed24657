import os
import subprocess
import sys
import time

from snakemake.utils import min_version

min_version("9.0")

START = time.time()


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


onsuccess:
    table = paths.directions("csv")
    if os.path.exists(table) and os.path.getmtime(table) >= START:  # made by this run
        subprocess.run([sys.executable, SCRIPTS / "print_findings.py", table])
