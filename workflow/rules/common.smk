"""Validation of the configuration, discovery of units, and the functions that say what a rule needs."""

import os
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir)
SCRIPTS = ROOT / "workflow" / "scripts"
SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8"))
# every other file in this folder: a rule of one's own is added by dropping a file here
RULES = [path.name for path in sorted(Path(workflow.current_basedir).glob("*.smk")) if path.name != "common.smk"]
RULES = [f"workflow/rules/{name}" for name in RULES]

sys.path.insert(0, str(SCRIPTS))

from degeneracy import experiment as experiments, figure_units, layout, units  # noqa: E402
from degeneracy.condition import dumps  # noqa: E402

try:
    EXPERIMENT = experiments.resolve(config, SCHEMA)
    FIGURES = {name: figure_units.declared(name) for name in EXPERIMENT.figures}
except ValueError as error:
    raise WorkflowError(str(error)) from None

CONDITIONS = {(condition.task, condition.name): condition for condition in EXPERIMENT.conditions}
TRIAL_SETS = {(condition.task, condition.trial_set): condition for condition in EXPERIMENT.conditions}
DEVICE = config.get("device", SCHEMA["properties"]["device"]["default"])
BACKEND = config.get("backend", SCHEMA["properties"]["backend"]["default"])
GPUS = 0 if DEVICE == "cpu" else 1  # a scheduler is asked for by each job that can use one
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
    """Path of a stage script from where the workflow runs: the same in every clone."""
    return os.path.relpath(SCRIPTS / name)


def code(script, **chosen):
    """Hash of the code behind a job: its script, and the units (`metrics="dsa"`) it loads by name."""
    return units.code_hash(SCRIPTS / script, *(units.source(kind, name) for kind, name in chosen.items()))


def condition_code(script, condition, **chosen):
    """The same for a job that also loads the task and the cell of a condition."""
    spec = condition.spec
    return code(script, tasks=spec["task"]["name"], cells=spec["model"]["cell"], **chosen)


def growing(amount):
    """A resource (MB, minutes) that grows with every retry of a job."""
    return lambda wildcards, attempt: attempt * amount


def training_minutes(block):
    """Time to train a block of networks: on a GPU at once, on a CPU one after the other."""
    return 120 if GPUS else 30 + 10 * len(EXPERIMENT.blocks[block])


def metric_gpus(wildcards):
    """GPUs for a job of a metric: those whose solver runs on one say so."""
    return GPUS if units.constant("metrics", wildcards.metric, "GPU", False) else 0


def metric_device(wildcards):
    """Device of a metric: one that asks for no GPU takes what is there, where others insist on CUDA."""
    return "auto" if DEVICE == "cuda" and not metric_gpus(wildcards) else DEVICE


def uses_fixed_points(metric):
    return "fixed_points" in units.constant("metrics", metric, "USES", ())


def condition_of(wildcards):
    return CONDITIONS[wildcards.task, wildcards.condition]


def trials_of(condition):
    return layout.trials(condition.task, condition.trial_set)


def networks_of(condition):
    return [layout.networks(condition.task, condition.name, block) for block in EXPERIMENT.blocks]


def fixed_points_of(condition):
    return [layout.fixed_points(condition.task, condition.name, block) for block in EXPERIMENT.blocks]


def present():
    """Artifacts of networks that are there, each with how many it holds."""
    blocks = [(condition, block) for condition in EXPERIMENT.conditions for block in EXPERIMENT.blocks]
    paths = {layout.networks(condition.task, condition.name, block): block for condition, block in blocks}
    return {path: len(EXPERIMENT.blocks[block]) for path, block in paths.items() if os.path.exists(path)}


def metric_options(task, metric):
    return EXPERIMENT.metrics[task][metric]


def sweep_of(wildcards):
    return EXPERIMENT.sweeps[wildcards.sweep]


def metrics_of(sweep):
    return EXPERIMENT.metrics[sweep.task]


def maps_of(sweep):
    return [metric for metric in EXPERIMENT.maps if metric in metrics_of(sweep)]


def figures_of(sweep, scope):
    """Figures of a scope that have something to draw in a sweep: those of some METRICS need one of them."""

    def has_input(figure):
        return not figure.metrics or any(metric in metrics_of(sweep) for metric in figure.metrics)

    scoped = [name for name, figure in FIGURES.items() if figure.scope == scope and figure.is_for(sweep)]
    return [name for name in scoped if has_input(FIGURES[name])]


def figure_artifacts(sweep, figure, metric=None):
    """The artifacts a figure reads, as its READS says, of one sweep (and, for a figure of one metric, of that)."""
    figure = FIGURES[figure]
    chosen = [metric] if metric else [name for name in figure.metrics if name in metrics_of(sweep)]
    first = slice(1 if figure.one_a_task else None)
    conditions = sweep.conditions[first]
    sources = {
        "trials": lambda: [trials_of(condition) for condition in conditions],
        "networks": lambda: [path for condition in conditions for path in networks_of(condition)[first]],
        "fixed_points": lambda: [path for condition in conditions for path in fixed_points_of(condition)[first]],
        "statistics": lambda: [layout.statistics(sweep.name, name) for name in chosen],
        "map": lambda: [layout.network_map(sweep.name, name) for name in chosen if name in maps_of(sweep)],
        "directions": list,  # of no sweep: it is one file for the experiment
    }
    paths = [path for part in figure.reads for path in sources[part]()]
    return list(dict.fromkeys(paths))


def drawn_sweeps(figure, sweep=None, metric=None):
    """The sweeps that a figure shows (one, or those of the experiment that it is for), each with its artifacts."""
    if sweep:
        return {sweep: figure_artifacts(EXPERIMENT.sweeps[sweep], figure, metric)}
    shown = FIGURES[figure].choose(EXPERIMENT.sweeps.values())
    shown = [one for one in shown if figure in figures_of(one, "experiment")]
    artifacts = {one.name: figure_artifacts(one, figure) for one in shown}
    return {name: paths for name, paths in artifacts.items() if paths}


def figure_inputs(wildcards):
    """All artifacts of a figure."""
    paths = [path for one in drawn_sweeps(**wildcards).values() for path in one]
    return list(dict.fromkeys(paths)) + directions_of(wildcards.figure)


def figure_arguments(wildcards):
    """The same as arguments of the script, sorted by sweep."""
    arguments = [("--directions", path) for path in directions_of(wildcards.figure)]
    for sweep, paths in drawn_sweeps(**wildcards).items():
        arguments.append(("--sweep", sweep, EXPERIMENT.sweeps[sweep].factor, *paths))
    return [word for group in arguments for word in group]


def directions_of(figure):
    return [layout.directions("nc")] if "directions" in FIGURES[figure].reads else []


def experiment_figures():
    """Figures of the whole experiment that have something to draw in it."""
    scoped = [name for name, figure in FIGURES.items() if figure.scope == "experiment"]
    return [name for name in scoped if drawn_sweeps(name) or directions_of(name)]


if workflow.is_main_process:
    total = len(EXPERIMENT.conditions) * sum(map(len, EXPERIMENT.blocks.values()))
    there = present()
    logger.info(
        f"{total} networks in {len(EXPERIMENT.conditions)} conditions; {sum(there.values())} of them are there."
    )
    if there and not os.path.isdir(".snakemake/metadata"):
        logger.warning(
            "results holds networks, but .snakemake does not say how they were made: what has changed since is not seen. "
            "Copy .snakemake along with results, or delete what is to be made again."
        )
