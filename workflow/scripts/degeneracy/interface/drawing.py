"""Figures of what is in memory."""

import json
from collections.abc import Mapping

import xarray as xr

from degeneracy.errors import UserError
from degeneracy.interface.comparing import FACTOR
from degeneracy.measurement.schema import MAP
from degeneracy.networks.population import Population
from degeneracy.plugins.discovery import Plugin
from degeneracy.plugins.figure_contract import figure_contract
from degeneracy.statistics.schema import STATISTICS


def draw(figure: str, *shown, **options):
    """Draw one of the pipeline's figures of a sweep, and return it as a Matplotlib figure.

    `figure` is its name (`workflow/README.md` lists figures and options). `shown` is what it shows: datasets of
    `compare` (figures such as `degeneracy` and `summary`) and of `map` (`map`), or groups: populations by level (such
    as `fixed_points`). Raises UserError for a figure that needs something else.

    >>> import degeneracy, numpy as np
    >>> activity = degeneracy.activity(np.random.default_rng(0).normal(size=(4, 10, 25, 6)))
    >>> degeneracy.draw("map", degeneracy.map(activity, "cka")).axes[0].get_ylabel()
    'MDS 2'
    """
    from degeneracy.drawing import style, sweeps
    from degeneracy.drawing.figure import draw as drawn

    contract = figure_contract(figure)
    if contract.scope == "experiment":
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
    needed = {"statistics": parts["statistics"], "map": parts["maps"]}
    for kind in contract.reads:
        if not needed.get(kind, parts["populations"]):
            raise UserError(f"draw: {figure} shows {', '.join(contract.reads)}, and was given no {kind}")
    datasets = [*parts["statistics"].values(), *parts["maps"].values()]
    factor = next((each.attrs["factor"] for each in datasets), FACTOR)
    condition = json.loads(datasets[0].attrs["condition"]) if datasets else {}
    task = condition.get("task", {}).get("name", "")
    sweep = sweeps.SweepArtifacts("", task, factor, **parts)
    with style.applied():
        return drawn(figure, sweep, **Plugin("figures", figure).complete(options, figure))
