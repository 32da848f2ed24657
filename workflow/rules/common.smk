"""The experiment that the configuration describes, and what all rules share. The logic is in degeneracy/experiment."""

import os
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir)
SCRIPTS = ROOT / "workflow" / "scripts"
SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8"))
# every other file in this folder, so that a new file of rules is included by being there
RULES = [path.name for path in sorted(Path(workflow.current_basedir).glob("*.smk")) if path.name != "common.smk"]
RULES = [f"workflow/rules/{name}" for name in RULES]

sys.path.insert(0, str(SCRIPTS))

from degeneracy.errors import UserError  # noqa: E402
from degeneracy.experiment import needs, paths  # noqa: E402
from degeneracy.experiment.condition import dumps  # noqa: E402
from degeneracy.experiment.resolve import resolve  # noqa: E402
from degeneracy.plugins.code_hash import code_hash  # noqa: E402
from degeneracy.plugins.discovery import Plugin, cell_of, task_of  # noqa: E402

try:
    EXPERIMENT = resolve(config, SCHEMA)
except UserError as error:
    raise WorkflowError(str(error)) from None

NEEDS = needs.Needs(EXPERIMENT)
DEVICE = config.get("device", SCHEMA["properties"]["device"]["default"])
BACKEND = config.get("backend", SCHEMA["properties"]["backend"]["default"])
GPUS = 0 if DEVICE == "cpu" else 1  # that each job which can use one asks a scheduler for
ENVIRONMENT = str(ROOT / "envs" / "degeneracy.yaml")
CAPTION = str(ROOT / "workflow" / "report" / "figure.rst")
TARGETS = []


wildcard_constraints:
    task="[^/]+",
    condition="[^/]+",
    trial_set="[^/]+",
    block=r"seeds-\d+-\d+",
    metric="[^/]+",
    sweep="[^/]+",
    figure="[^/]+",


def script(name):
    """Path of a stage script. Snakemake does not compare what depends on `input`, so a moved project reruns nothing."""
    return lambda wildcards, input: os.path.relpath(SCRIPTS / name)


def logged(command):
    """A command whose output goes to the log. If it fails, its last line is shown and its exit status kept."""
    return f"{command} > {{log:q}} 2>&1 || (code=$?; tail -n 1 {{log:q}} >&2; exit $code)"


def code(script, *plugins):
    """Hash of the code behind a job: its script, and the plug-ins it loads by name."""
    return code_hash(SCRIPTS / script, *(plugin.source for plugin in plugins))


def condition_code(script, condition, *plugins):
    """The same for a job that also loads the task and the cell of a condition."""
    return code(script, task_of(condition.spec), cell_of(condition.spec), *plugins)


def growing(amount):
    """A resource (MB, minutes) that grows with every retry of a job."""
    return lambda wildcards, attempt: attempt * amount


def condition_of(wildcards):
    return NEEDS.conditions[wildcards.task, wildcards.condition]


def sweep_of(wildcards):
    return EXPERIMENT.sweeps[wildcards.sweep]


def metric_gpus(wildcards):
    """GPUs for a job of a metric: its file says whether its solver runs on one."""
    return GPUS if needs.uses_gpu(wildcards.metric) else 0


def metric_device(wildcards):
    """Device of a metric: where CUDA is required, a metric that asks for no GPU takes what is available."""
    return "auto" if DEVICE == "cuda" and not metric_gpus(wildcards) else DEVICE


if workflow.is_main_process:
    total = len(EXPERIMENT.conditions) * sum(map(len, EXPERIMENT.blocks.values()))
    there = NEEDS.present()
    logger.info(f"{total} networks in {len(EXPERIMENT.conditions)} conditions; {there} of them are trained.")
    if there and not os.path.isdir(".snakemake/metadata"):
        logger.warning(
            "results holds networks, but .snakemake has no record of how they were made, so changes since then go unnoticed. "
            "Copy .snakemake along with results, or delete what should be made again."
        )
