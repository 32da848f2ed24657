"""The experiment that the configuration describes, and what all rules share. The logic is in degeneracy/experiment."""

import os
import shutil
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.io import IOFile
from snakemake.settings.types import DeploymentMethod

ROOT = Path(workflow.basedir)
SCRIPTS = ROOT / "workflow" / "scripts"
SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8"))

from degeneracy.experiment import plan

try:  # before anything else is loaded, so that on a cluster it is loaded from the plan
    PLANNED = plan.freeze(ROOT, workflow.main_snakefile, config)
except UserError as error:
    raise WorkflowError(str(error)) from None

from degeneracy.experiment import needs, paths, records, targets  # noqa: E402
from degeneracy.experiment.condition import dumps  # noqa: E402
from degeneracy.experiment.resolve import resolve  # noqa: E402
from degeneracy.plugins import discovery  # noqa: E402
from degeneracy.plugins.code_hash import code_hash  # noqa: E402
from degeneracy.plugins.discovery import Plugin, cells_of, tasks_of  # noqa: E402

# every other file in this folder, so that a new file of rules is included by being there
FOLDER = Path(workflow.current_basedir)
RULES = [f"workflow/rules/{path.name}" for path in discovery.files(FOLDER, ".smk") if path.stem != "common"]

config = written.typed(config, workflow.config_settings.config)
try:
    EXPERIMENT = resolve(config, SCHEMA, PLACES)
except UserError as error:
    raise WorkflowError(str(error)) from None

NEEDS = needs.Needs(EXPERIMENT)
DEVICE = config.get("device", SCHEMA["properties"]["device"]["default"])
BACKEND = config.get("backend", SCHEMA["properties"]["backend"]["default"])
GPUS = 0 if DEVICE == "cpu" else 1  # that each job which can use one asks a scheduler for
ENVIRONMENT = str(ROOT / "envs" / "degeneracy.yaml")
CAPTION = str(ROOT / "workflow" / "report" / "figure.rst")
TARGETS = []
JUDGED = []
# Jobs run with the Python of this Snakemake, whichever is first on the path; with conda, with that of their environment
PYTHON = "python" if DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method else sys.executable


wildcard_constraints:
    task="[^/]+",
    condition="[^/]+",
    trial_set="[^/]+",
    block=r"seeds-\d+-\d+|files",
    metric="[^/]+",
    sweep="[^/]+",
    figure="[^/]+",


def script(name):
    """Python and a stage script. Snakemake does not compare what depends on `input`: a moved project reruns nothing."""
    return lambda wildcards, input: [PYTHON, os.path.relpath(SCRIPTS / name)]


def logged(command):
    """A command that knows its planned code, and whose output goes to the log.

    If it fails, its last line is shown and its exit status kept. A killed job cannot say why it ended, so its last line
    would be one of its progress.
    """
    killed = 'echo "error: killed by signal $((code - 128)) (9: often out of memory; 15: by a scheduler or a user)"'
    ended = f"code=$?; set +e; if [ $code -gt 128 ]; then {killed} >> {{log:q}}; fi"
    return f"{command} --code {{params.code:q}} > {{log:q}} 2>&1 || ({ended}; tail -n 1 {{log:q}} >&2; exit $code)"


def code(script, *plugins):
    """Hash of the code behind a job: its script, and the plug-ins it loads by name."""
    return code_hash(SCRIPTS / script, *dict.fromkeys(plugin.source for plugin in plugins))


def condition_code(script, condition, *plugins):
    """The same for a job that also loads the task and the cell of a condition."""
    return code(script, *tasks_of(condition.spec), *cells_of(condition.spec), *plugins)


def growing(amount, networks=None):
    """A resource (MB, minutes) that grows with every retry of a job, and by what its `networks` take (MB)."""
    return lambda wildcards, attempt: attempt * (amount + (networks(wildcards) if networks else 0))


def memory_of_block(wildcards):
    condition = condition_of(wildcards)
    return NEEDS.memory_of_block(condition, len(EXPERIMENT.blocks_of(condition)[wildcards.block]))


def memory_of_files(wildcards):
    condition = condition_of(wildcards)
    return NEEDS.memory_of_block(condition, len(condition.files))


def check_targets(arguments):
    """End with a sentence if an argument of the command line is an artifact that nothing makes."""
    try:
        targets.check(set(arguments) - set(TARGETS), NEEDS)
    except UserError as error:
        raise WorkflowError(str(error)) from None


def condition_of(wildcards):
    return NEEDS.conditions[wildcards.task, wildcards.condition]


def trial_set_of(wildcards):
    return NEEDS.trial_sets[wildcards.task, wildcards.trial_set]


def sweep_of(wildcards):
    return EXPERIMENT.sweeps[wildcards.sweep]


def metric_gpus(wildcards):
    """GPUs for a job of a metric: its file says whether its solver runs on one."""
    return GPUS if NEEDS.uses_gpu(wildcards.metric) else 0


def metric_device(wildcards):
    """Device of a metric: where CUDA is required, a metric that asks for no GPU takes what is available."""
    return "auto" if DEVICE == "cuda" and not metric_gpus(wildcards) else DEVICE


if workflow.is_main_process:
    for path in discovery.all_ignored(FOLDER):
        logger.warning(f"{os.path.relpath(path, ROOT)} is ignored: it {discovery.NAMED}")
    total = len(NEEDS.trained) * sum(map(len, EXPERIMENT.blocks.values()))
    there = NEEDS.present()
    for note in EXPERIMENT.notes:
        logger.warning(note)
    more = sum(len(condition.files) for condition in EXPERIMENT.conditions)
    from_files = f" {more} more come from files." if more else ""
    logger.info(f"{total} networks in {len(NEEDS.trained)} conditions; {there} of them are trained.{from_files}")


def judged(wildcards):
    """No input. The jobs at the root of the workflow ask for it, so it is called once they are known.

    It has all results made again that are there without a record, except what their jobs find to be up to date.
    """
    if workflow.is_main_process and workflow.dag not in JUDGED:
        JUDGED.append(workflow.dag)
        there = records.unrecorded({*TARGETS, *NEEDS.between()})
        there = {path for path in there if not workflow.persistence.metadata(IOFile(path))}  # which may be elsewhere
        workflow.dag.forcefiles.update(there)
        if there:
            logger.info(
                f"{len(there)} results have no record in .snakemake/metadata of how they were made: each is made again"
                " unless its own attributes say that it is up to date."
            )
    return []


onstart:
    if workflow.executor_plugin.name == "slurm" and not shutil.which("sbatch"):
        raise WorkflowError(
            "--profile slurm: there is no Slurm here (no sbatch); without the profile, jobs run here"
        )
    records.keep(path for job in workflow.dag.needrun_jobs() for path in job.output)
    if not workflow.local_exec:  # the Snakemake of each job gets the plan in place of the configuration
        workflow.config_settings.configfiles = [plan.write(ROOT, PLANNED, config)]
        workflow.config_settings.config_args = None
