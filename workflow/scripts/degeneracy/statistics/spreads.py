"""Spreads of a population: the mean pairwise distance, and the measures of a scalar metric."""

from collections.abc import Callable

import numpy as np

# Spreads of a scalar metric. The mean is no spread; it stands beside them because they are confounded with it.
SPREADS: dict[str, tuple[str, Callable]] = {
    "sd": ("SD", lambda x: np.sqrt(np.mean(np.square(x - x.mean())))),  # 1/N, as in the paper
    "log_sd": ("SD of log", lambda x: np.std(np.log(x)) if np.all(x > 0) else np.nan),
    "cv": ("coefficient of variation", lambda x: np.std(x) / np.mean(x) if np.mean(x) else np.nan),
    "mad": ("median absolute deviation", lambda x: np.median(np.abs(x - np.median(x)))),
    "mean": ("mean", np.mean),
}
WITHOUT_UNIT = ("log_sd", "cv")  # whatever the unit of the metric
DEVIATIONS: dict[str, Callable] = {
    "sd": lambda x: np.abs(x - x.mean()),
    "log_sd": lambda x: np.abs(np.log(x) - np.log(x).mean()) if np.all(x > 0) else np.full(len(x), np.nan),
    "cv": lambda x: np.abs(x - x.mean()) / x.mean() if x.mean() else np.full(len(x), np.nan),
    "mad": lambda x: np.abs(x - np.median(x)),
    "mean": lambda x: x,
}


def mean_pairwise_distance(distance: np.ndarray) -> float:
    """Mean over pairs i < j of a distance matrix (network, network); NaN for fewer than two networks."""
    count = len(distance)
    return float(distance[np.triu_indices(count, 1)].mean()) if count > 1 else np.nan
