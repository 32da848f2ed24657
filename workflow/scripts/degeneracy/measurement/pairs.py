"""Metrics over pairs of networks, computed for a bounded number of pairs at a time."""

import inspect
from dataclasses import fields
from types import ModuleType
from typing import Any

import numpy as np
import xarray as xr

from degeneracy.networks.population import Population
from degeneracy.plugins import returned
from degeneracy.plugins.discovery import Plugin
from degeneracy.status import Status

PAIRS_AT_ONCE = {"cpu": 128, "cuda": 4096}
BYTES_AT_ONCE = 2**26  # of the features of one side


def distances_across(
    name: str, populations: list[Population], within: list[xr.Dataset], options: dict
) -> dict[str, np.ndarray]:
    """Distances (network, network) between all networks of several populations, by measure; those within are given.

    Rows and columns are the networks of the first population, then of the second, and so on. NaN for networks that
    diverged.
    """
    plugin = Plugin("metrics", name)
    module = plugin.load()
    sizes = [len(population.seeds) for population in populations]
    first = np.concatenate([[0], np.cumsum(sizes)])
    usable = [population.status != Status.DIVERGED for population in populations]
    features = [
        features_of(module, population.where(good), options) if good.any() else {}
        for population, good in zip(populations, usable, strict=True)
    ]
    matrices = {measure: np.full((first[-1], first[-1]), np.nan) for measure in plugin.constant("MEASURES")}
    for here, data in enumerate(within):
        block = slice(first[here], first[here + 1])
        for measure, matrix in matrices.items():
            matrix[block, block] = data[measure].values
        for there in range(here + 1, len(populations)):
            rows, columns = np.flatnonzero(usable[here]), np.flatnonzero(usable[there])
            pairs = np.indices((len(rows), len(columns))).reshape(2, -1).T  # (pair, 2), row by row
            found = over_pairs(module, features[here], features[there], pairs, options, populations[0])
            for measure in matrices if found else ():
                across = found[measure].reshape(len(rows), len(columns))
                matrices[measure][np.ix_(first[here] + rows, first[there] + columns)] = across
                matrices[measure][np.ix_(first[there] + columns, first[here] + rows)] = across.T
    return matrices


def features_of(module: ModuleType, population: Population, options: dict) -> dict[str, np.ndarray]:
    found = module.features(population, **taken(module.features, options))
    return returned.features(module, found, len(population.seeds))


def over_pairs(
    module: ModuleType, features: dict, others: dict, pairs: np.ndarray, options: dict, population: Population
) -> dict:
    """Results (pair, …) of a metric of pairs, computed for a bounded number of pairs at a time.

    Pairs with a network whose features are not finite get NaN, and the metric does not see them. A metric that takes a
    `device` computes on that of the population; one that takes a `population` is given it, for what all pairs share.
    """
    parts = []
    shared = {"device": population.device, "population": population}
    asked = {name: shared[name] for name in shared.keys() & inspect.signature(module.distance).parameters.keys()}
    bytes_each = max([1, *(sum(values[:1].nbytes for values in side.values()) for side in (features, others))])
    together = max(1, min(PAIRS_AT_ONCE[population.device], BYTES_AT_ONCE // bytes_each))
    good = np.zeros(0, bool)
    if len(pairs):
        good = _finite(features)[pairs[:, 0]] & _finite(others)[pairs[:, 1]]
    known = pairs[good]
    for begin in range(0, len(known), together):
        rows, columns = known[begin : begin + together].T
        a = {key: values[rows] for key, values in features.items()}
        b = {key: values[columns] for key, values in others.items()}
        found = module.distance(a, b, **taken(module.distance, options), **asked)
        parts.append(returned.measures(module, "distance", found, "pair", len(rows)))
    found = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]} if parts else {}
    return {key: vector_of(values, good) for key, values in found.items()}


def _finite(features: dict) -> np.ndarray:
    """Whether all features of a network are finite (network)."""
    return np.all([np.isfinite(values).reshape(len(values), -1).all(1) for values in features.values()], axis=0)


def taken(function, options: dict) -> dict:
    """The options that a function takes: one by one, or as an object if it has an argument `options`."""
    parameters = inspect.signature(function).parameters
    arguments: dict[str, Any] = {key: value for key, value in options.items() if key in parameters}
    if "options" in parameters:
        shared = parameters["options"].annotation
        arguments["options"] = shared(**{one.name: options[one.name] for one in fields(shared) if one.name in options})
    return arguments


def matrix_of(values: np.ndarray, pairs: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Symmetric (network, network) matrix of values (pair); zero on the diagonal, NaN for unusable networks."""
    small = np.zeros([usable.sum()] * 2)
    small[pairs[:, 0], pairs[:, 1]] = small[pairs[:, 1], pairs[:, 0]] = values
    matrix = np.full([len(usable)] * 2, np.nan)
    matrix[np.ix_(usable, usable)] = small
    return matrix


def vector_of(values: np.ndarray, usable: np.ndarray) -> np.ndarray:
    full = np.full((len(usable), *values.shape[1:]), np.nan)
    full[usable] = values
    return full
