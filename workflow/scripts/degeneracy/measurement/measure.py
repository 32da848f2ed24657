"""Runs a metric on a population: one value per network, or one distance per pair of networks."""

from typing import Any

import numpy as np
import xarray as xr

from degeneracy.measurement.pairs import as_dict, features_of, matrix_of, over_pairs, taken, vector_of
from degeneracy.measurement.references import ceilings, floors
from degeneracy.measurement.schema import NETWORK, PAIR, variable
from degeneracy.networks.population import Population
from degeneracy.plugins import contracts
from degeneracy.plugins.discovery import Plugin
from degeneracy.status import Status


def measure(name: str, population: Population, options: dict) -> xr.Dataset:
    """Compute a metric on a population; networks that diverged in training get NaN.

    Returns a dataset with `value (network)` or `distance (network, network_other)`, everything else that the metric
    returns under its own name, and the training status of each network. A distance has two references, which are NaN
    where the metric cannot be computed: `null (network)`, the distance of each network from itself, and
    `untrained_distance (network, network_other)`, the distances of the first networks before training.
    """
    plugin = Plugin("metrics", name)
    contracts.check(plugin)
    module = plugin.load()
    usable = population.status != Status.DIVERGED
    measured = population.where(usable)
    if hasattr(module, "features"):
        features = features_of(module, measured, options) if usable.any() else {}
        pairs = np.stack(np.triu_indices(usable.sum(), 1), axis=1)
        results = over_pairs(module, features, features, pairs, options, population.device)
        results = results or {key: np.full(len(pairs), np.nan) for key in module.MEASURES}  # no pair of two
        arrays = {key: matrix_of(values, pairs, usable) for key, values in results.items()}
        data = _dataset(arrays, PAIR, population, module.MEASURES)
        return data.assign(floors(module, measured, usable, options) | ceilings(module, population, options))
    results = module.value(measured, **taken(module.value, options)) if usable.any() else {"value": np.zeros(0)}
    arrays = {key: vector_of(np.asarray(values), usable) for key, values in as_dict(results, "value").items()}
    return _dataset(arrays, NETWORK, population, module.MEASURES)


def _dataset(arrays: dict, dims: tuple[str, ...], population: Population, described: dict) -> xr.Dataset:
    variables: dict[str, Any] = {
        key: variable(key, values, dims, described).of(values) for key, values in arrays.items()
    }
    variables["status"] = population.networks["status"].variable
    return xr.Dataset(variables, coords={dim: population.seeds for dim in dims})
