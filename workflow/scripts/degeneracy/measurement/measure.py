"""Running metrics over populations: a value a network, or a distance a pair of networks."""

import inspect
from types import ModuleType

import numpy as np
import xarray as xr

from degeneracy import metric_units, units
from degeneracy.population import Population
from degeneracy.status import DIVERGED

PAIRS_AT_ONCE = {"cpu": 128, "cuda": 4096}
BYTES_AT_ONCE = 2**28  # of one side's features
UNTRAINED = 10  # networks that are compared before training, at most


def measure(name: str, population: Population, options: dict) -> xr.Dataset:
    """Compute a metric on a population; networks that diverged in training get NaN.

    Returns a dataset with `value (network)` or `distance (network, network_other)`, whatever else the metric
    returns under its own name, and each network's training status. A distance comes with what it is to be compared
    with: `null (network)`, each network's distance from itself, and `untrained_distance (network, network_other)`,
    the distances of the first networks before training; both are NaN where the metric cannot be computed.
    """
    metric_units.check(name)
    module = units.load("metrics", name)
    usable = population.status != DIVERGED
    measured = population.where(usable)
    if hasattr(module, "features"):
        features = _features(module, measured, options) if usable.any() else {}
        pairs = np.stack(np.triu_indices(usable.sum(), 1), axis=1)
        results = _over_pairs(module, features, features, pairs, options, population.device)
        results = results or {key: np.full(len(pairs), np.nan) for key in module.MEASURES}  # no pair of two
        arrays = {key: _matrix(values, pairs, usable) for key, values in results.items()}
        data = _dataset(name, arrays, ("network", "network_other"), population)
        return data.assign(_null(module, measured, usable, options) | _untrained(module, population, options))
    results = module.value(measured, **_taken(module.value, options)) if usable.any() else {"value": np.zeros(0)}
    arrays = {key: _vector(np.asarray(values), usable) for key, values in _as_dict(results, "value").items()}
    return _dataset(name, arrays, ("network",), population)


def distances_across(name: str, populations: list[Population], within: list[xr.Dataset], options: dict) -> np.ndarray:
    """Distances (network, network) between all networks of several populations, those within one taken as given.

    Rows and columns are the networks of the first population, then of the second, and so on; NaN for diverged ones.
    """
    module = units.load("metrics", name)
    sizes = [len(population.seeds) for population in populations]
    first = np.concatenate([[0], np.cumsum(sizes)])
    usable = [population.status != DIVERGED for population in populations]
    features = [
        _features(module, population.where(good), options) if good.any() else {}
        for population, good in zip(populations, usable, strict=True)
    ]
    matrix = np.full((first[-1], first[-1]), np.nan)
    for one, data in enumerate(within):
        own = slice(first[one], first[one + 1])
        matrix[own, own] = data["distance"].values
        for other in range(one + 1, len(populations)):
            rows, columns = np.flatnonzero(usable[one]), np.flatnonzero(usable[other])
            pairs = np.indices((len(rows), len(columns))).reshape(2, -1).T  # (pair, 2), row by row
            found = _over_pairs(module, features[one], features[other], pairs, options, populations[0].device)
            if found:
                block = found["distance"].reshape(len(rows), len(columns))
                matrix[np.ix_(first[one] + rows, first[other] + columns)] = block
                matrix[np.ix_(first[other] + columns, first[one] + rows)] = block.T
    return matrix


def _null(module: ModuleType, measured: Population, usable: np.ndarray, options: dict) -> dict[str, tuple]:
    """`null (network)` of each measure: every network against itself on disjoint halves of the probe trials.

    It is 0 by construction where the halves leave the features as they are (a distance of weights), and where the
    metric compares trial by trial (SAME_TRIALS), so that a network can only be compared with itself on the same ones.
    Elsewhere it is what sampling adds, overstated: a half has half the data, and two networks of a pair see the same
    trials, so that what an odd trial does to both is no difference between them. A distance may lie below its floor.
    Copies of a trial are in one half (`population.split_distinct`), or the halves of a task of few different trials
    would be the same and the floor understated; it is NaN, with a note, where all probe trials are alike.
    """
    values = {measure: np.full(len(usable), np.nan) for measure in module.MEASURES}
    note = "from itself on disjoint halves of the probe trials"
    try:
        if not usable.any():
            found = {}
        elif getattr(module, "SAME_TRIALS", False):
            found, note = dict.fromkeys(values, 0.0), "from itself: 0 by construction, as trial is compared with trial"
        else:
            one, other = (_features(module, half, options) for half in measured.halves())
            if all(np.array_equal(one[key], other[key], equal_nan=True) for key in one):
                found, note = dict.fromkeys(values, 0.0), "from itself: 0 by construction, as it depends on no trials"
            else:
                pairs = np.arange(usable.sum()).repeat(2).reshape(-1, 2)
                found = _over_pairs(module, one, other, pairs, options, measured.device)
        for measure in values.keys() & found.keys():
            values[measure][usable] = found[measure]
    except ValueError as error:
        note += f"; it cannot be computed: {error}"
    return {
        "null" if measure == "distance" else f"null_{measure}": (
            "network",
            values[measure],
            {"long_name": f"{long_name} of each network {note}", "units": unit},
        )
        for measure, (long_name, unit) in module.MEASURES.items()
    }


def _untrained(module: ModuleType, population: Population, options: dict) -> dict[str, tuple]:
    """`untrained_distance (network, network_other)`, and so on for each measure, of the first networks."""
    first = np.arange(len(population.seeds)) < UNTRAINED
    pairs = np.stack(np.triu_indices(first.sum(), 1), axis=1)
    note, results = f"before training, first {first.sum()} networks", {}
    try:
        features = _features(module, population.where(first).untrained(), options)
        results = _over_pairs(module, features, features, pairs, options, population.device)
    except ValueError as error:
        note += f"; it cannot be computed: {error}"
    nothing = np.full([len(first)] * 2, np.nan)
    return {
        f"untrained_{measure}": (
            ("network", "network_other"),
            _matrix(results[measure], pairs, first) if measure in results else nothing,
            {"long_name": f"{long_name} {note}", "units": unit},
        )
        for measure, (long_name, unit) in module.MEASURES.items()
    }


def _features(module: ModuleType, population: Population, options: dict) -> dict[str, np.ndarray]:
    return module.features(population, **_taken(module.features, options))


def _over_pairs(
    module: ModuleType, features: dict, others: dict, pairs: np.ndarray, options: dict, device: str
) -> dict:
    """Results (pair, …) of a metric of pairs, computed a bounded number of pairs at a time.

    Pairs with a network whose features are not finite get NaN and are not given to the metric. A metric that takes a
    `device` computes there.
    """
    parts = []
    placed = {"device": device} if "device" in inspect.signature(module.distance).parameters else {}
    bytes_each = max([1, *(sum(values[:1].nbytes for values in side.values()) for side in (features, others))])
    together = max(1, min(PAIRS_AT_ONCE[device], BYTES_AT_ONCE // bytes_each))
    good = [_finite(each)[index] for each, index in zip((features, others), pairs.T, strict=True)] if len(pairs) else []
    good = np.logical_and(*good) if len(pairs) else np.zeros(0, bool)
    known = pairs[good]
    for begin in range(0, len(known), together):
        rows, columns = known[begin : begin + together].T
        a = {key: values[rows] for key, values in features.items()}
        b = {key: values[columns] for key, values in others.items()}
        parts.append(_as_dict(module.distance(a, b, **_taken(module.distance, options), **placed), "distance"))
    found = {key: np.concatenate([np.asarray(part[key]) for part in parts]) for key in parts[0]} if parts else {}
    return {key: _vector(values, good) for key, values in found.items()}


def _finite(features: dict) -> np.ndarray:
    """Whether all features of a network are finite (network)."""
    return np.all([np.isfinite(values).reshape(len(values), -1).all(1) for values in features.values()], axis=0)


def _as_dict(result, name: str) -> dict:
    return result if isinstance(result, dict) else {name: result}


def _taken(function, options: dict) -> dict:
    """The options that a function takes."""
    return {key: value for key, value in options.items() if key in inspect.signature(function).parameters}


def _matrix(values: np.ndarray, pairs: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Symmetric (network, network) matrix of values (pair); zero on the diagonal, NaN for unusable networks."""
    small = np.zeros([usable.sum()] * 2)
    small[pairs[:, 0], pairs[:, 1]] = small[pairs[:, 1], pairs[:, 0]] = values
    matrix = np.full([len(usable)] * 2, np.nan)
    matrix[np.ix_(usable, usable)] = small
    return matrix


def _vector(values: np.ndarray, usable: np.ndarray) -> np.ndarray:
    full = np.full((len(usable), *values.shape[1:]), np.nan)
    full[usable] = values
    return full


def _dataset(name: str, arrays: dict, dims: tuple[str, ...], population: Population) -> xr.Dataset:
    described = units.constant("metrics", name, "MEASURES")
    data = xr.Dataset(coords={dim: population.seeds for dim in dims})
    for key, values in arrays.items():
        extra = tuple(f"{key}_{axis}" for axis in range(values.ndim - len(dims)))
        long_name, unit = described.get(key, (key.replace("_", " "), "1"))
        data[key] = ((*dims, *extra), values, {"long_name": long_name, "units": unit})
    data["status"] = population.networks["status"].variable
    return data
