"""Figures of what is in memory."""

import json
from collections.abc import Mapping
from dataclasses import replace

import xarray as xr

from degeneracy.errors import UserError
from degeneracy.interface.comparing import FACTOR
from degeneracy.interface.given import Given
from degeneracy.interface.measuring import fixed_points
from degeneracy.measurement.schema import MAP
from degeneracy.networks.population import Population
from degeneracy.plugins.discovery import Plugin
from degeneracy.plugins.figure_contract import FigureContract, figure_contract
from degeneracy.statistics.schema import STATISTICS


def draw(figure: str, *shown, **options):
    """Draw one of the pipeline's figures of a sweep, and return it as a Matplotlib figure.

    `figure` is its name (`workflow/README.md` lists figures and options). `shown` is what it shows: datasets of
    `compare` (figures such as `degeneracy`, and `dynamics_profile` of `soft_dsa`) and of `map` (`map`), or groups:
    populations by level (`fixed_points`, which are searched for if a population has none). Raises UserError for a
    figure that needs something else.

    >>> import degeneracy, numpy as np
    >>> activity = degeneracy.activity(np.random.default_rng(0).normal(size=(4, 10, 25, 6)))
    >>> degeneracy.draw("map", degeneracy.map(activity, "cka")).axes[0].get_ylabel()
    'MDS 2'
    """
    from degeneracy.drawing import style, sweeps
    from degeneracy.drawing.figure import draw as drawn

    contract = figure_contract(figure)
    if contract.scope == "experiment" or {"directions", "metrics"} & {*contract.reads}:
        raise UserError(f"draw: {figure} shows a whole experiment, must be a figure of one sweep")
    parts: dict[str, dict] = {"populations": {}, "statistics": {}, "maps": {}}
    for each in shown:
        if isinstance(each, xr.Dataset):
            kinds = {STATISTICS.kind: "statistics", MAP.kind: "maps"}
            kind = each.attrs.get("artifact")
            if kind not in kinds:
                raise UserError(f"draw: given a dataset of kind {kind}, must be what compare or map returned")
            parts[kinds[kind]][each.attrs["metric"]] = each
        elif isinstance(each, Mapping) and all(isinstance(one, Population) for one in each.values()):
            parts["populations"] |= each
        else:
            raise UserError(f"draw: given {type(each).__name__}, must be a dataset of compare or map, or groups")
    _check_shown(figure, contract, parts)
    if "fixed_points" in contract.reads:
        parts["populations"] = {level: _with_points(one) for level, one in parts["populations"].items()}
    datasets = [*parts["statistics"].values(), *parts["maps"].values()]
    factor = next((each.attrs["factor"] for each in datasets), FACTOR)
    condition = json.loads(datasets[0].attrs["condition"]) if datasets else {}
    task = condition.get("task", {}).get("name", "")
    sweep = sweeps.SweepArtifacts("", task, factor, **parts)
    with style.applied():
        return drawn(figure, sweep, **Plugin("figures", figure).complete(options, figure))


def _check_shown(figure: str, contract: FigureContract, parts: Mapping) -> None:
    """Raise UserError unless a figure finds what it reads in what was given."""
    needed = {"statistics": parts["statistics"], "map": parts["maps"]}
    for kind in contract.reads:
        if not needed.get(kind, parts["populations"]):
            raise UserError(f"draw: {figure} shows {', '.join(contract.reads)}, and was given no {kind}")
    if contract.metrics and not parts["statistics"].keys() & {*contract.metrics}:
        given = ", ".join(parts["statistics"])
        raise UserError(f"draw: {figure} shows the metric {' or '.join(contract.metrics)}, and was given {given}")
    of_training = {"networks", "trials"} & {*contract.reads} and "fixed_points" not in contract.reads
    if of_training and any(isinstance(one, Given) for one in parts["populations"].values()):
        raise UserError(f"draw: {figure} shows training, which is not known of networks that were made elsewhere")


def _with_points(one: Population) -> Population:
    return one if one.fixed_points is not None else replace(one, fixed_points=fixed_points(one))
