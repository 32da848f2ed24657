"""Runs a metric on a population: one value per network, or one distance per pair of networks."""

from typing import Any

import numpy as np
import xarray as xr

from degeneracy.errors import UserError
from degeneracy.measurement.pairs import features_of, matrix_of, over_pairs, taken, vector_of
from degeneracy.measurement.references import ceilings, floors
from degeneracy.measurement.schema import NETWORK, PAIR, variable
from degeneracy.measurement.snapshots import at_snapshots
from degeneracy.networks.population import Population
from degeneracy.plugins import contracts, returned
from degeneracy.plugins.discovery import Plugin
from degeneracy.status import Status


def measure(name: str, population: Population, options: dict, report=print) -> xr.Dataset:
    """Compute a metric on a population; networks that diverged in training get NaN.

    Returns a dataset with `value (network)` or `distance (network, network_other)`, everything else that the metric
    returns under its own name, and the training status of each network. A distance has references, which are NaN where
    the metric cannot be computed: `floor (network)`, the distance of each network from itself, with the distances that
    it is compared with (see `floors`), and `untrained_distance (network, network_other)`, the distances of the first
    networks before training. If training kept snapshots, the dataset also holds the metric of the networks as they were
    then (see `at_snapshots`).
    """
    plugin = Plugin("metrics", name)
    contracts.check(plugin)
    if reason := mixed_widths(plugin, options, population):
        raise UserError(f"{name}: {reason}")
    module = plugin.load()
    usable = population.status != Status.DIVERGED
    measured = population.where(usable)
    if hasattr(module, "features"):
        features = features_of(module, measured, options) if usable.any() else {}
        pairs = np.stack(np.triu_indices(usable.sum(), 1), axis=1)
        results = over_pairs(module, features, features, pairs, options, population)
        results = results or {key: np.full(len(pairs), np.nan) for key in module.MEASURES}  # no pair of two
        for line in returned.told(module, results, "pair"):
            report(line)
        arrays = {key: matrix_of(values, pairs, usable) for key, values in results.items()}
        data = _dataset(arrays, PAIR, population, module.MEASURES)
        data = data.assign(floors(module, features, measured, usable, options) | ceilings(module, population, options))
        return data.assign(at_snapshots(module, population, options))
    nothing = dict.fromkeys(module.MEASURES, np.zeros(0))
    results = module.value(measured, **taken(module.value, options)) if usable.any() else nothing
    results = returned.measures(module, "value", results, "network", int(usable.sum()))
    for line in returned.told(module, results, "network"):
        report(line)
    arrays = {key: vector_of(values, usable) for key, values in results.items()}
    data = _dataset(arrays, NETWORK, population, module.MEASURES)
    return data.assign(at_snapshots(module, population, options))


def mixed_widths(plugin: Plugin, options: dict, population: Population) -> str:
    """Why a metric cannot compare recorded activity of several numbers of units, in words; "" if it can.

    It can if it does not see rotations: units that a network has less than others are then 0 and change nothing. But
    with more principal `directions` than a network has units, zeros would take part in a comparison of operators.
    """
    widths = np.unique(population.networks["units"].values) if "units" in population.networks else np.zeros(1)
    if len(widths) < 2:
        return ""
    given = f"given networks of {' and '.join(map(str, widths))} units"
    if plugin.constant("SYMMETRY") != "rotation":
        return f"{given}, must be as many in all networks"
    if options.get("directions", 0) > widths[0]:
        return f"{given} and directions = {options['directions']}, must have directions of at most {widths[0]}"
    return ""


def _dataset(arrays: dict, dims: tuple[str, ...], population: Population, described: dict) -> xr.Dataset:
    variables: dict[str, Any] = {
        key: variable(key, values, dims, described).of(values) for key, values in arrays.items()
    }
    variables["status"] = population.networks["status"].variable
    coords: dict[str, Any] = {dim: population.seeds for dim in dims}
    if "label" in population.networks.coords:  # of networks from elsewhere
        coords["label"] = population.networks["label"].variable
    return xr.Dataset(variables, coords)
