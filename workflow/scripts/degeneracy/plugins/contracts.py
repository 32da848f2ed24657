"""What each kind of plug-in must declare, and one checker of it.

Read from the source without importing it, so the workflow finds what is missing before anything runs.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path

from degeneracy.errors import UserError
from degeneracy.plugins.discovery import Plugin, names
from degeneracy.plugins.options import did_you_mean

LEVELS = ("behaviour", "dynamics", "weights", "learning", "representation")  # LEVEL of a metric
# SYMMETRY of a metric, what it does not see: the order of the units, their signs too, or any rotation of the states too
SYMMETRIES = ("permutation", "signed", "rotation")
SCOPES = ("sweep", "metric", "map", "experiment")  # SCOPE of a figure
READABLE = ("networks", "trials", "fixed_points", "statistics", "map", "directions")  # READS of a figure
SHAPES = ("grid", "curves")  # SHAPE of a figure that drawing/grid draws from its COLUMNS
MAP = "map"  # in COLUMNS of a figure: the map of the networks
COMPLEXITY = "complexity"  # in FACTORS of a figure: the factors that the file of each task lists as its COMPLEXITY


def check(plugin: Plugin) -> None:
    """Raise UserError with one sentence that names the file and what is missing or wrong in it."""
    CHECKS[plugin.kind](plugin)


def _check_class(plugin: Plugin) -> None:
    """A task or a cell: the file defines its class."""
    name = plugin.kind[:-1].capitalize()
    if name not in plugin.classes:
        raise UserError(f"{plugin.source}: must define the class {name}")


def _check_figure(plugin: Plugin) -> None:
    """A figure: the file defines `draw` or has a SHAPE, and what else it says makes sense."""
    if "draw" not in plugin.functions and not plugin.constant("SHAPE"):
        raise UserError(f"{plugin.source}: must define the function draw, or name a SHAPE")
    figure_contract(plugin.name)


def _check_metric(plugin: Plugin) -> None:
    path, functions = plugin.source, plugin.functions
    if {"features", "distance"} <= functions:
        measure, example = "distance", '{"distance": ("angle of the readouts", "rad")}'
    elif "value" in functions:
        measure, example = "value", '{"value": ("change of the weights", "1")}'
    else:
        raise UserError(f"{path}: must define value(population), or both features(population) and distance(a, b)")
    found = {}
    for constant in ("LEVEL", "MEASURES"):
        try:
            found[constant] = plugin.constant(constant)
        except ValueError:
            raise UserError(f"{path}: {constant} must be a literal") from None
    level, measures = found.values()
    if level is None:
        raise UserError(f"{path}: LEVEL is missing, must be one of {', '.join(LEVELS)}")
    if level not in LEVELS:
        raise UserError(f"{path}: LEVEL: given {level!r}{did_you_mean(level, LEVELS)}")
    described = isinstance(measures, dict) and all(
        isinstance(text, tuple) and list(map(type, text)) == [str, str] for text in measures.values()
    )
    if not described or measure not in measures:
        given = " is missing" if measures is None else f": given {measures!r}"
        raise UserError(
            f'{path}: MEASURES{given}, must give a name and a unit to "{measure}" and to whatever else is summarised,'
            f" such as {example}"
        )
    symmetry = plugin.constant("SYMMETRY", SYMMETRIES[0])
    if symmetry not in SYMMETRIES:
        raise UserError(f"{path}: SYMMETRY: given {symmetry!r}{did_you_mean(symmetry, SYMMETRIES)}")
    headline = plugin.constant("HEADLINE")
    other, _ = headlines().get(level, (plugin.name, headline))
    if headline and other != plugin.name:
        raise UserError(f"{path}: HEADLINE: {other} is the headline of {level} already")
    _check_range(plugin, measures)


def _check_range(plugin: Plugin, measures: dict) -> None:
    """RANGE gives the lowest and the highest value of some measures."""
    try:
        ranges = plugin.constant("RANGE", {})
    except ValueError:
        raise UserError(f"{plugin.source}: RANGE must be a literal") from None
    right = isinstance(ranges, dict) and all(
        isinstance(ends, tuple) and len(ends) == 2 and all(end is None or isinstance(end, int | float) for end in ends)
        for ends in ranges.values()
    )
    if not right or not ranges.keys() <= measures.keys():
        example = '{"distance": (0, 2)}, with None where there is no end'
        raise UserError(f"{plugin.source}: RANGE: given {ranges!r}, must be like {example}, of names in MEASURES")


def headlines() -> dict[str, tuple[str, str]]:
    """The metric and the measure that stand for an aspect wherever one is shown, by aspect.

    The file of the metric names the measure as its HEADLINE; an aspect without such a metric is left out.
    """
    plugins = [Plugin("metrics", name) for name in names("metrics")]
    return {
        plugin.constant("LEVEL"): (plugin.name, plugin.constant("HEADLINE"))
        for plugin in reversed(plugins)
        if plugin.constant("HEADLINE")
    }


@dataclass(frozen=True)
class FigureContract:
    """The literal constants of a figure's file, in capitals there."""

    scope: str = "sweep"  # drawn for each sweep, each metric or map of it, or once for the experiment
    reads: tuple = ()  # kinds of artifacts
    metrics: tuple = ()  # whose statistics and maps it reads; needs one of them
    factors: tuple = ()  # of the sweeps it is for; () is any
    tasks: tuple = ()  # of the sweeps it is for; () is any
    least_levels: int = 1  # of the sweeps it is for
    one_a_task: bool = False  # reads the first condition of the first sweep of each task alone, and of that one block
    shape: str = ""  # of a figure that defines no `draw`: the rest but FACTORS, TASKS and LEAST_LEVELS follows from it
    columns: tuple = ()  # of a figure with a SHAPE: aspects, `metric.measure`, or "map"

    @property
    def measures(self) -> list[tuple[str, str]]:
        """Metric and measure of its COLUMNS, without the map and without aspects that no metric stands for."""
        known = headlines() | {name: tuple(name.split(".")) for name in self.columns if "." in name}
        return [known[name] for name in self.columns if name in known]

    def is_for(self, sweep) -> bool:
        """Whether a sweep (of `experiment.Experiment`) has the factor, the task and the levels it asks for."""
        complexity = Plugin("tasks", sweep.task).constant("COMPLEXITY", ()) if COMPLEXITY in self.factors else ()
        factors = {*self.factors, *(f"task.{option}" for option in complexity)}
        return (
            (not self.factors or sweep.factor in factors)
            and (not self.tasks or sweep.task in self.tasks)
            and len(sweep.conditions) >= self.least_levels
        )

    @property
    def wanted(self) -> str:
        """The sweeps it is for, in words."""
        parts = [f" of {' or '.join(given)}" for given in (self.factors, self.tasks) if given]
        levels = f" with {self.least_levels} or more levels" if self.least_levels > 1 else ""
        return f"a sweep{''.join(parts)}{levels}"

    def choose(self, sweeps) -> list:
        """The sweeps it is for, in their order; the first of each task where it shows one a task."""
        found = [sweep for sweep in sweeps if self.is_for(sweep)]
        if not self.one_a_task:
            return found
        return [sweep for place, sweep in enumerate(found) if sweep.task not in {one.task for one in found[:place]}]


def figure_contract(name: str) -> FigureContract:
    """What a figure's file says. Raises UserError with one sentence that names the file and the constant."""
    plugin, found = Plugin("figures", name), {}
    path = plugin.source
    for field in fields(FigureContract):
        try:
            value = plugin.constant(field.name.upper(), field.default)
        except ValueError:
            raise UserError(f"{path}: {field.name.upper()} must be a literal") from None
        if type(value) is not type(field.default):
            kind = {str: "text", tuple: 'a tuple such as ("networks",)', int: "a whole number", bool: "True or False"}
            raise UserError(f"{path}: {field.name.upper()}: given {value!r}, must be {kind[type(field.default)]}")
        found[field.name] = value
    contract = FigureContract(**found)
    if contract.shape or contract.columns:
        contract = _shaped(contract, path)
    if not contract.reads:
        raise UserError(f"{path}: READS is missing, must name some of {', '.join(READABLE)}")
    allowed = {
        "SCOPE": ((contract.scope,), SCOPES),
        "READS": (contract.reads, READABLE),
    }
    for constant, (given, known) in allowed.items():
        for value in given:
            if value not in known:
                raise UserError(f"{path}: {constant}: given {value!r}{did_you_mean(value, known)}")
    for factor in contract.factors:
        if factor != COMPLEXITY and "." not in str(factor):
            raise UserError(f'{path}: FACTORS: given {factor!r}, must be like "model.gamma", or "{COMPLEXITY}"')
    if contract.scope != "experiment" and (contract.one_a_task or "directions" in contract.reads):
        raise UserError(f'{path}: ONE_A_TASK and "directions" are for figures with SCOPE = "experiment"')
    return contract


def _shaped(contract: FigureContract, path: Path) -> FigureContract:
    """The contract of a figure with a SHAPE: it shows statistics of the experiment, of the metrics in its COLUMNS."""
    if contract.shape not in SHAPES:
        raise UserError(f"{path}: SHAPE: given {contract.shape!r}{did_you_mean(contract.shape, SHAPES)}")
    if not contract.columns:
        raise UserError(f"{path}: COLUMNS is missing, must name some of {', '.join((*LEVELS, MAP))}")
    for name in contract.columns:
        if name not in (*LEVELS, MAP) and str(name).count(".") != 1:
            hint = did_you_mean(name, (*LEVELS, MAP, "<metric>.<measure>"))
            raise UserError(f"{path}: COLUMNS: given {name!r}{hint}")
    if contract.scope != FigureContract.scope or contract.reads or contract.metrics:
        raise UserError(f"{path}: SCOPE, READS and METRICS follow from SHAPE and COLUMNS; leave them out")
    metrics = tuple(dict.fromkeys(metric for metric, _ in contract.measures))
    reads = ("statistics", "map") if MAP in contract.columns else ("statistics",)
    return replace(contract, scope="experiment", reads=reads, metrics=metrics)


CHECKS = {"tasks": _check_class, "cells": _check_class, "metrics": _check_metric, "figures": _check_figure}
