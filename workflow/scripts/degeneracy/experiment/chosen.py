"""The metrics, maps and figures that a configuration chooses, and those of them that cannot be had."""

from collections.abc import Iterable
from typing import Any

from degeneracy.errors import UserError
from degeneracy.experiment import variants
from degeneracy.experiment.condition import Condition
from degeneracy.experiment.fitting import facts, misfit
from degeneracy.experiment.sweeps import Experiment
from degeneracy.experiment.validation import CONFIG
from degeneracy.experiment.variants import GRID, METRIC
from degeneracy.plugins import contracts
from degeneracy.plugins.discovery import Plugin, names
from degeneracy.plugins.figure_contract import figure_contract
from degeneracy.plugins.validation import place


def known(where: str, kind: str, name: str) -> Plugin:
    """A plug-in, checked against its contract. If there is none, the error names `where` in the configuration."""
    plugin = Plugin(kind, name)
    if plugin.missing:
        raise UserError(f"{where}: {plugin.missing}")
    contracts.check(plugin)
    return plugin


def metrics(task: str, config: dict) -> dict[str, tuple[str, dict]]:
    """Names for a task, each with its metric and its options, `tasks.<task>.metrics` over `metrics`."""
    chosen = _chosen("metrics", config.get("metrics"))
    for_task, where = config["tasks"].get(task, {}).get("metrics", {}), f"{CONFIG}tasks.{task}.metrics"
    for name, options in for_task.items():
        variants.check(_plugin("metrics", name, chosen.get(name), where), options or {}, place(where, name), (GRID,))
    return variants.expanded({name: options | (for_task.get(name) or {}) for name, options in chosen.items()})


def figures(config: dict) -> dict[str, dict]:
    """Figures and their options."""
    chosen = _chosen("figures", config.get("figures"))
    return {name: Plugin("figures", name).complete(options, name) for name, options in chosen.items()}


def maps(config: dict, metrics: dict[str, dict[str, dict]], variants: dict[str, str]) -> tuple[str, ...]:
    """Metrics by which networks are compared across levels, of those that some task has."""
    given = config.get("maps", {"dsa"} & set(names("metrics")))
    computed = {name for chosen in metrics.values() for name in chosen}
    for name in given:
        metric = known(f"{CONFIG}maps", "metrics", variants.get(name, name))
        if "features" not in metric.functions:
            raise UserError(f'{CONFIG}maps: "{name}" is no metric of pairs')
        if not metric.constant("ACROSS_CONDITIONS", False):
            raise UserError(f'{CONFIG}maps: "{name}" compares networks of one condition only, not across levels')
        if "maps" in config and name not in computed:
            raise UserError(f'{CONFIG}maps: "{name}" is not among the metrics of this experiment')
    return tuple(name for name in given if name in computed)


def named(given: dict | list | None) -> frozenset[str]:
    """The plug-ins that a part of the configuration asks for by name."""
    return frozenset(name for name, options in _mapping(given).items() if options is not False)


def misfits(experiment: Experiment, config: dict) -> tuple[frozenset[tuple[str, Condition]], list[str]]:
    """The metrics that cannot be computed in a condition, and a sentence about each reason.

    Raises UserError if the configuration asks for such a metric by name, or draws a figure that cannot be drawn.
    """
    left_out: set[tuple[str, Condition]] = set()
    notes: dict[str, None] = {}
    for condition in experiment.conditions:
        given = facts(condition.spec)
        of_task = config["tasks"].get(condition.task, {}).get("metrics", {})
        for name, options in experiment.metrics[condition.task].items():
            reason = misfit(experiment.plugin(name), options, given)
            asked = named(of_task) | named(config.get("metrics")) | experiment.variants.keys()
            if reason and not condition.files and name in asked:
                where = f"{CONFIG}tasks.{condition.task}.metrics" if name in of_task else f"{CONFIG}metrics"
                raise UserError(f"{place(where, name)}: {reason}")
            if reason:
                left_out.add((name, condition))
                notes[f"{CONFIG}metrics: {name} is left out of conditions of {condition.task}: it {reason}"] = None
        for name, options in experiment.figures.items():
            if reason := misfit(Plugin("figures", name), options, given):
                raise UserError(f"{CONFIG}figures.{name}: {reason}")
    return frozenset(left_out), list(notes)


def idle_figures(experiment: Experiment) -> Iterable[str]:
    """A sentence about each figure that the configuration names and that has nothing to show in the experiment."""
    for name in filter(experiment.figures_named.__contains__, experiment.figures):
        contract = figure_contract(name)
        shown = [sweep for sweep in experiment.sweeps.values() if contract.is_for(sweep)]
        metrics = {metric for sweep in shown for metric in experiment.metrics_of(*sweep.conditions)}
        if not shown:
            reason = f"it is for {contract.wanted}, and there is none here"
        elif contract.metrics and metrics.isdisjoint(contract.metrics):
            reason = f"it needs one of the metrics {', '.join(contract.metrics)}"
        else:
            continue
        if contract.reads != ("directions",):  # the table is of no sweep
            yield f"{CONFIG}figures: {name} is not drawn: {reason}"


def _mapping(given: dict | list | None) -> dict[str, Any]:
    """What a configuration gives for each plug-in that it names: options, None for all defaults, or False."""
    return given if isinstance(given, dict) else dict.fromkeys(given or ())


def _chosen(kind: str, given: dict | list | None) -> dict[str, dict]:
    """The plug-ins that `metrics` or `figures` stands for, with the options that it gives them.

    Nothing stands for all plug-ins, and a mapping with a `false` in it for all but those.
    """
    where, options = f"{CONFIG}{kind}", _mapping(given)
    for name, each in options.items():
        _plugin(kind, name, each, where)
    if given is None or any(each is False for each in options.values()):
        options = dict.fromkeys(names(kind)) | options
    options = {name: each for name, each in options.items() if each is not False}
    if given and not options:
        raise UserError(f"{where}: given {given}, must leave one of the {kind}")
    options = {name: each if isinstance(each, dict) else {} for name, each in options.items()}
    for name, each in options.items():
        plugin = _plugin(kind, name, each, where)
        variants.check(plugin, each, place(where, name), (METRIC, GRID) if kind == "metrics" else ())
    return options


def _plugin(kind: str, name: str, given: Any, where: str) -> Plugin:
    """The plug-in that a name stands for: its own, or the metric of a variant."""
    stands_for = variants.metric_of(name, given, where) if kind == "metrics" else name
    return known(where if stands_for == name else place(where, name, METRIC), kind, stands_for)
