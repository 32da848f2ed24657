"""What metric artifacts and maps hold. The file of a metric gives the names and units of its measures."""

from collections.abc import Mapping

import numpy as np

from degeneracy.artifacts.schema import FLOAT, INTEGER, Schema, Variable
from degeneracy.plugins.discovery import Plugin

NETWORK, PAIR = ("network",), ("network", "network_other")
STATUS = Variable(NETWORK, INTEGER, "outcome of training", "1")
REACHED = Variable(
    ("network", "snapshot"), INTEGER, "epoch of the snapshot, 0 if there is none", "epoch", optional=True
)
NETWORK_METRIC = Schema(
    "network metric",
    {
        "value": Variable(NETWORK),
        "status": STATUS,
        "snapshot_value": Variable(("snapshot", *NETWORK), optional=True),
        "snapshot_epoch": REACHED,
    },
)
PAIR_METRIC = Schema(
    "pair metric",
    {
        "distance": Variable(PAIR),
        "floor": Variable(NETWORK),
        "replicate_distance": Variable(PAIR, optional=True),
        "untrained_distance": Variable(PAIR),
        "status": STATUS,
        "snapshot_distance": Variable(("snapshot", *PAIR), optional=True),
        "snapshot_epoch": REACHED,
    },
)
MAP = Schema(
    "map",
    {
        "distance": Variable(PAIR),
        "position": Variable(("network", "axis")),
        "stress": Variable((), FLOAT, "normalised stress of the map (Kruskal's stress 1)", "1", optional=True),
        "status": STATUS,
    },
)


def schema_of(metric: Plugin) -> Schema:
    """The schema of the artifacts of a metric: that of pairs if it defines a distance."""
    return PAIR_METRIC if "distance" in metric.functions else NETWORK_METRIC


def variable(
    name: str, values: np.ndarray, dims: tuple[str, ...], described: Mapping[str, tuple[str, str]]
) -> Variable:
    """The variable for values (*dims, …) that a metric returns: as MEASURES describes it, or else without a unit.

    Dimensions after `dims` get a name from the variable: `by_unstable_0`.
    """
    extra = tuple(f"{name}_{axis}" for axis in range(values.ndim - len(dims)))
    return Variable((*dims, *extra), FLOAT, *described.get(name, (name.replace("_", " "), "1")))


def floor(values: np.ndarray, measure: str, long_name: str, unit: str, note: str) -> dict[str, tuple]:
    """The floor (network) of a measure, by the name of its variable."""
    name = "floor" if measure == "distance" else f"floor_{measure}"
    return {name: Variable(NETWORK, FLOAT, f"{long_name} of each network {note}", unit).of(values)}


def replicate(values: np.ndarray, measure: str, long_name: str, unit: str) -> dict[str, tuple]:
    """The distances (network, network_other) between probe and replicate trials, by the name of their variable."""
    return {f"replicate_{measure}": Variable(PAIR, FLOAT, long_name, unit).of(values)}


def ceiling(values: np.ndarray, measure: str, long_name: str, unit: str, note: str) -> dict[str, tuple]:
    """The distances (network, network_other) before training under a measure, by the name of their variable."""
    return {f"untrained_{measure}": Variable(PAIR, FLOAT, f"{long_name} {note}", unit).of(values)}


def at_snapshots(
    values: np.ndarray, measure: str, dims: tuple[str, ...], long_name: str, unit: str
) -> dict[str, tuple]:
    """A measure (snapshot, *dims) in training, by the name of its variable."""
    return {f"snapshot_{measure}": Variable(("snapshot", *dims), FLOAT, long_name, unit).of(values)}
