"""The intrinsic dimension of a task for a cell, from networks trained in random subspaces (Li et al. 2018).

Performance is 1 − loss / loss of the best constant answer: 0 for a network that ignores its inputs, 1 for one without
error [ours]. Li et al. have tasks of classes, and take the accuracy. The intrinsic dimension is the smallest dimension
at which it is at least 90% of that of the networks that were trained without a restriction.
"""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from degeneracy.status import Status

SHARE = 0.9
COLUMNS = (
    *("task", "condition", "parameters", "networks", "full_networks", "full_performance"),
    *("intrinsic_dimension", "lowest", "highest", "converged_dimension"),
)


def performance(loss, constant: float) -> np.ndarray:
    """Performance of losses; that of a network that diverged is 0."""
    return np.nan_to_num(1 - np.asarray(loss) / constant, neginf=0)


def curve(subspaces: Iterable[xr.Dataset]) -> tuple[np.ndarray, np.ndarray]:
    """Dimensions in increasing order, and the performance (dimension, network) there."""
    ordered = sorted(subspaces, key=lambda data: int(data["dimension"]))
    dimensions = np.array([int(data["dimension"]) for data in ordered])
    return dimensions, np.array([performance(data["final_loss"], float(data["constant_loss"])) for data in ordered])


def full_performance(subspaces: Iterable[xr.Dataset], networks: Iterable[xr.Dataset]) -> tuple[float, int]:
    """Mean performance of the networks that converged without a restriction, and how many they are; NaN if none."""
    constant = float(next(iter(subspaces))["constant_loss"])
    losses = [data["final_loss"].values[data["status"].values == Status.CONVERGED] for data in networks]
    losses = np.concatenate(losses)
    return (float(performance(losses, constant).mean()) if len(losses) else np.nan), len(losses)


def row(subspaces: list[xr.Dataset], networks: list[xr.Dataset]) -> dict:
    """What the table says of a condition; empty where no dimension suffices.

    `intrinsic_dimension` is that of the mean performance of all networks, `lowest` and `highest` are those of single
    networks, and at `converged_dimension` all networks are below the threshold of the task.
    """
    dimensions, reached = curve(subspaces)
    full, count = full_performance(subspaces, networks)
    enough = reached >= SHARE * full  # (dimension, network); of NaN never
    converged = {int(data["dimension"]): bool((data["status"] == Status.CONVERGED).all()) for data in subspaces}
    each = [_smallest(dimensions, passed) for passed in enough.T]
    return {
        "parameters": int(subspaces[0]["parameters"]),
        "networks": reached.shape[1],
        "full_networks": count,
        "full_performance": full,
        "intrinsic_dimension": _smallest(dimensions, reached.mean(1) >= SHARE * full),
        "lowest": min((one for one in each if one != ""), default=""),
        "highest": "" if "" in each else max(each),
        "converged_dimension": _smallest(dimensions, np.array([converged[one] for one in dimensions.tolist()])),
    }


def _smallest(dimensions: np.ndarray, enough: np.ndarray) -> int | str:
    return int(dimensions[enough.argmax()]) if enough.any() else ""
