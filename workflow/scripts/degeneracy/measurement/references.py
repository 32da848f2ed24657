"""What distances are compared with: the distance of each network from itself, and distances before training."""

from types import ModuleType

import numpy as np

from degeneracy.measurement import schema
from degeneracy.measurement.pairs import features_of, matrix_of, over_pairs
from degeneracy.networks.population import Population

UNTRAINED = 10  # networks that are compared before training, at most


def floors(module: ModuleType, measured: Population, usable: np.ndarray, options: dict) -> dict[str, tuple]:
    """`null (network)` for each measure: each network against itself on two disjoint halves of the probe trials.

    It is 0 by construction for a metric that depends on no trials (NO_TRIALS), such as a distance of weights, and for
    one that compares trial with trial (SAME_TRIALS), so that it can only compare a network with itself on the same
    trials. Otherwise it is what sampling adds, overestimated for two reasons: each half has only half the data, and
    both networks of a pair see the same trials, so an unusual trial does not separate them. A distance may therefore be
    smaller than its floor. All copies of a trial are in the same half (`halves.split_distinct`); otherwise the halves
    of a task with few different trials would be equal and the floor too low. It is NaN, with a note, where all probe
    trials are equal.
    """
    values = {measure: np.full(len(usable), np.nan) for measure in module.MEASURES}
    note, found = "from itself on disjoint halves of the probe trials", {}
    if getattr(module, "NO_TRIALS", False):
        found, note = dict.fromkeys(values, 0.0), "from itself: 0 by construction, as it depends on no trials"
    elif getattr(module, "SAME_TRIALS", False):
        found, note = dict.fromkeys(values, 0.0), "from itself: 0 by construction, as trial is compared with trial"
    elif usable.any():
        try:
            one, other = (features_of(module, half, options) for half in measured.halves())
            pairs = np.arange(usable.sum()).repeat(2).reshape(-1, 2)
            found = over_pairs(module, one, other, pairs, options, measured.device)
        except ValueError as error:
            note += f"; it cannot be computed: {error}"
    for measure in values.keys() & found.keys():
        values[measure][usable] = found[measure]
    made: dict[str, tuple] = {}
    for measure, (long_name, unit) in module.MEASURES.items():
        made |= schema.floor(values[measure], measure, long_name, unit, note)
    return made


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
    made: dict[str, tuple] = {}
    for measure, (long_name, unit) in module.MEASURES.items():
        values = matrix_of(results[measure], pairs, first) if measure in results else nothing
        made |= schema.ceiling(values, measure, long_name, unit, note)
    return made
