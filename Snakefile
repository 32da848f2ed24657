import os
import subprocess
import sys
import time

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.0")

START = time.time()

sys.path.insert(0, f"{workflow.basedir}/workflow/scripts")

from degeneracy.errors import UserError
from degeneracy.experiment import written

# that of the working directory (--directory) if there is one, or the one that comes with the workflow
DEFAULT = "config.yaml" if os.path.exists("config.yaml") else f"{workflow.basedir}/config.yaml"
try:  # before Snakemake reads the file: it names no lines, and takes the last of two equal keys
    FILES = (workflow.overwrite_configfiles or [DEFAULT]) if workflow.is_main_process else []  # jobs have read them
    PLACES = written.places_in(FILES, workflow.config_settings.config)
except UserError as error:
    raise WorkflowError(str(error)) from None


if not workflow.overwrite_configfiles:  # --configfile replaces the default experiment; the two never mix

    configfile: DEFAULT


include: "workflow/rules/common.smk"


for rules_file in RULES:

    include: rules_file


if workflow.is_main_process:
    check_targets(sys.argv)


report: "workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        TARGETS,


onsuccess:
    table = paths.directions("csv")
    if os.path.exists(table) and os.path.getmtime(table) >= START:  # made by this run
        subprocess.run([sys.executable, SCRIPTS / "print_findings.py", table])
