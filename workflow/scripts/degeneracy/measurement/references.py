"""What distances are compared with: each network's distance from itself, and distances before training."""

from types import ModuleType

import numpy as np

from degeneracy.measurement.pairs import features_of, matrix_of, over_pairs
from degeneracy.networks.population import Population

UNTRAINED = 10  # networks that are compared before training, at most


def floors(module: ModuleType, measured: Population, usable: np.ndarray, options: dict) -> dict[str, tuple]:
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
            one, other = (features_of(module, half, options) for half in measured.halves())
            if all(np.array_equal(one[key], other[key], equal_nan=True) for key in one):
                found, note = dict.fromkeys(values, 0.0), "from itself: 0 by construction, as it depends on no trials"
            else:
                pairs = np.arange(usable.sum()).repeat(2).reshape(-1, 2)
                found = over_pairs(module, one, other, pairs, options, measured.device)
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


def ceilings(module: ModuleType, population: Population, options: dict) -> dict[str, tuple]:
    """`untrained_distance (network, network_other)`, and so on for each measure, of the first networks."""
    first = np.arange(len(population.seeds)) < UNTRAINED
    pairs = np.stack(np.triu_indices(first.sum(), 1), axis=1)
    note, results = f"before training, first {first.sum()} networks", {}
    try:
        features = features_of(module, population.where(first).untrained(), options)
        results = over_pairs(module, features, features, pairs, options, population.device)
    except ValueError as error:
        note += f"; it cannot be computed: {error}"
    nothing = np.full([len(first)] * 2, np.nan)
    return {
        f"untrained_{measure}": (
            ("network", "network_other"),
            matrix_of(results[measure], pairs, first) if measure in results else nothing,
            {"long_name": f"{long_name} {note}", "units": unit},
        )
        for measure, (long_name, unit) in module.MEASURES.items()
    }
