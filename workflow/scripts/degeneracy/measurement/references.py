"""What distances are compared with: of each network from itself, on other trials, and before training."""

from types import ModuleType

import numpy as np

from degeneracy.errors import UserError
from degeneracy.measurement import schema
from degeneracy.measurement.pairs import features_of, matrix_of, over_pairs, vector_of
from degeneracy.networks.population import Population

UNTRAINED = 10  # networks that are compared before training, at most


def floors(
    module: ModuleType, features: dict, measured: Population, usable: np.ndarray, options: dict
) -> dict[str, tuple]:
    """`floor (network)` for each measure, and the distances that it is compared with.

    The floor is the distance of each network on the probe trials from itself on the replicate trials: what sampling
    adds. `replicate_distance (network, network_other)` is that of one network on the probe trials from another on the
    replicate trials, on the same footing. Both networks of `distance` see the same trials instead, so that an unusual
    trial does not separate them. The floor is 0 by construction, and there are no such distances, for a metric that
    depends on no trials (NO_TRIALS), for one that compares trial with trial (SAME_TRIALS), and for a task that has each
    of a few different trials in both groups. `features` are those of the networks on the probe trials.
    """
    made: dict[str, tuple] = {}
    if reason := _exact(module, measured):
        values = np.where(usable, 0.0, np.nan)
        for measure, (long_name, unit) in module.MEASURES.items():
            made |= schema.floor(values, measure, long_name, unit, f"from itself: 0 by construction, as {reason}")
        return made
    count = int(usable.sum())
    own, pairs = np.arange(count).repeat(2).reshape(-1, 2), np.stack(np.triu_indices(count, 1), axis=1)
    note, found = "between probe and replicate trials", {}
    try:
        others = features_of(module, measured.replicate(), options) if count else {}
        found = over_pairs(module, features, others, np.concatenate([own, pairs]), options, measured)
    except ValueError as error:
        note += f"; it cannot be computed: {error}"
    for measure, (long_name, unit) in module.MEASURES.items():
        values = found.get(measure, np.full(len(own) + len(pairs), np.nan))
        made |= schema.floor(vector_of(values[:count], usable), measure, long_name, unit, f"from itself {note}")
        made |= schema.replicate(matrix_of(values[count:], pairs, usable), measure, f"{long_name} {note}", unit)
    return made


def _exact(module: ModuleType, measured: Population) -> str:
    """Why sampling adds nothing to a distance, in words; empty if it does."""
    if getattr(module, "NO_TRIALS", False):
        return "it depends on no trials"
    if getattr(module, "SAME_TRIALS", False):
        return "trial is compared with trial"
    try:
        probe, replicate = (each.trials("probe")["inputs"] for each in (measured, measured.replicate()))
    except UserError:  # activity, or networks that were made elsewhere
        return ""
    return "both groups hold each of the few different trials equally often" if probe.equals(replicate) else ""


def ceilings(module: ModuleType, population: Population, options: dict) -> dict[str, tuple]:
    """`untrained_distance (network, network_other)`, and so on for each measure, of the first networks."""
    first = np.arange(len(population.seeds)) < UNTRAINED
    pairs = np.stack(np.triu_indices(first.sum(), 1), axis=1)
    note, results = f"before training, first {first.sum()} networks", {}
    try:
        features = features_of(module, population.where(first).untrained(), options)
        results = over_pairs(module, features, features, pairs, options, population)
    except ValueError as error:
        note += f"; it cannot be computed: {error}"
    nothing = np.full([len(first)] * 2, np.nan)
    made: dict[str, tuple] = {}
    for measure, (long_name, unit) in module.MEASURES.items():
        values = matrix_of(results[measure], pairs, first) if measure in results else nothing
        made |= schema.ceiling(values, measure, long_name, unit, note)
    return made
