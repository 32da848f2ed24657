"""Variants of a metric: several settings of it side by side, each with a name, artifacts and rows of its own.

metrics:
  dsa: { delays: 5, grid: { rank: [10, 20] } }  # dsa, and with as many delays dsa-rank-10 and dsa-rank-20
  dsa-coarse: { metric: dsa, rank: 4 }
"""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from degeneracy.errors import UserError
from degeneracy.experiment.validation import CONFIG
from degeneracy.plugins import validation
from degeneracy.plugins.discovery import Plugin, names
from degeneracy.plugins.options import quoted
from degeneracy.plugins.validation import place

METRIC, GRID = "metric", "grid"  # keys beside the options of a metric


def metric_of(name: Any, given: Any, where: str) -> Any:
    """The metric that a name stands for in the configuration: its own, or that which a variant gives as `metric`."""
    metric = given.get(METRIC, name) if isinstance(given, Mapping) else name
    if metric != name and not isinstance(name, str):
        raise UserError(f"{where}: given the name {name!r}, must be text (put it in quotes)")
    if metric != name and name in names("metrics"):
        raise UserError(f"{place(where, name)}: given metric {quoted(metric)}, but {name} is a metric of its own")
    return metric


def check(plugin: Plugin, given: Mapping[str, Any], where: str, beside: Iterable[str] = (METRIC, GRID)) -> None:
    """Raise UserError, naming `where`, unless the options and the grid of an entry are those of its metric."""
    plugin.check({key: value for key, value in given.items() if key not in beside}, where)
    if GRID in given:
        values = {
            key: {"type": "array", "minItems": 1, "uniqueItems": True, "items": option.schema}
            for key, option in plugin.options.items()
        }
        grid = {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": values}
        validation.check(given[GRID], grid, place(where, GRID))


def expanded(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Metric and complete options by name: of each entry of the configuration, and of each setting of its grid.

    Raises UserError if two would share a name.
    """
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for entry, given in entries.items():
        plugin, values = Plugin("metrics", given.get(METRIC, entry)), given.get(GRID, {})
        grid = {key: values[key] for key in plugin.options if key in values}  # in whatever order they are given
        options = {key: value for key, value in given.items() if key not in (METRIC, GRID)}
        settings = (
            [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())] if grid else []
        )
        for setting in ({}, *settings):
            complete = plugin.complete(options | setting, entry)
            name = "-".join([entry, *(f"{key}-{_said(complete[key])}" for key in setting)])
            if name in found or (setting and name in entries):
                raise UserError(f"{place(f'{CONFIG}metrics', entry)}: two variants would share the name {quoted(name)}")
            found[name] = plugin.name, complete
    return found


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
