"""A metric along training: of the networks as they were when they first reached the losses `training.snapshots`."""

from types import ModuleType
from typing import Any

import numpy as np

from degeneracy.measurement import schema
from degeneracy.measurement.pairs import features_of, matrix_of, over_pairs, taken, vector_of
from degeneracy.networks.population import Population
from degeneracy.plugins import returned


def at_snapshots(module: ModuleType, population: Population, options: dict) -> dict:
    """`snapshot_value (snapshot, network)` or `snapshot_distance (snapshot, network, network_other)`, and so on.

    NaN for networks that did not reach the loss and, with a note, where the metric cannot be computed. Nothing for a
    population without snapshots, and for metrics that use fixed points, which are those of the trained networks.
    """
    if "snapshot" not in population.networks.dims or "fixed_points" in getattr(module, "USES", ()):
        return {}
    dims, note = schema.PAIR if hasattr(module, "features") else schema.NETWORK, "at snapshots of training"
    rows: dict[str, list[np.ndarray]] = {measure: [] for measure in module.MEASURES}
    for index, loss in enumerate(population.networks["snapshot"].values):
        reached = population.networks["snapshot_epoch"].values[:, index] > 0
        found: dict[str, np.ndarray] = {}
        try:
            found = _measured(module, population.at_snapshot(index), reached, options) if reached.any() else {}
        except ValueError as error:
            note += f"; at {loss:g} it cannot be computed: {error}"
        nothing = np.full([len(reached)] * len(dims), np.nan)
        for measure in rows:
            rows[measure].append(found.get(measure, nothing))
    made: dict[str, Any] = {name: population.networks[name].variable for name in ("snapshot", "snapshot_epoch")}
    for measure, (long_name, unit) in module.MEASURES.items():
        made |= schema.at_snapshots(np.stack(rows[measure]), measure, dims, f"{long_name} {note}", unit)
    return made


def _measured(module: ModuleType, then: Population, reached: np.ndarray, options: dict) -> dict[str, np.ndarray]:
    """Results of the networks that reached a snapshot, among all networks of the population."""
    if hasattr(module, "features"):
        pairs = np.stack(np.triu_indices(reached.sum(), 1), axis=1)
        features = features_of(module, then, options)
        results = over_pairs(module, features, features, pairs, options, then)
        return {measure: matrix_of(values, pairs, reached) for measure, values in results.items()}
    results = module.value(then, **taken(module.value, options))
    results = returned.measures(module, "value", results, "network", len(then.seeds))
    return {measure: vector_of(values, reached) for measure, values in results.items()}
