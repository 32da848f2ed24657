"""Linear predictivity: the share of the variance of one network's states that no linear map of another's predicts.

The map is fitted on all trials but those of a fold, and judged on these (Kornblith et al. 2019, appendix: the linear
regression of their table 1, which is not cross-validated there). Folds hold whole trials, because successive states
of a trial are alike. The share is the mean over both directions, so that it is symmetric.
"""

import numpy as np

RIDGE = 1e-9  # of the total variance: rounding


def folded(states: np.ndarray, folds: int) -> dict[str, np.ndarray]:
    """Features of a pair: states (network, fold, sample, unit) and their products (network, fold, unit, unit).

    `states` are (network, trial, time, unit). Trials beyond a multiple of the number of folds are left out.
    """
    networks, trials, _, units = states.shape
    whole = states[:, : trials // folds * folds].reshape(networks, folds, -1, units)
    return {"states": whole, "products": whole.mT @ whole}


def unexplained(a: dict, b: dict) -> np.ndarray:
    """Share (pair) of the variance of held-out states that is not predicted, mean over both directions."""
    cross = a["states"].mT @ b["states"]  # (pair, fold, unit, other unit)
    return (_left(a["products"], b["products"], cross) + _left(b["products"], a["products"], cross.mT)) / 2


def _left(given: np.ndarray, wanted: np.ndarray, cross: np.ndarray) -> np.ndarray:
    """Share (pair) of the variance of the `wanted` states that is left by the maps from the `given` ones.

    All arguments are products (pair, fold, unit, unit) within and between the two.
    """
    fitted, ridge = (each.sum(1, keepdims=True) - each for each in (given, cross)), RIDGE * np.eye(given.shape[-1])
    within, between = fitted
    total = np.trace(within, axis1=2, axis2=3)[..., None, None]
    maps = np.linalg.solve(within + ridge * total, between)  # (pair, fold, unit, other unit)
    variance = np.trace(wanted, axis1=2, axis2=3).sum(1)
    left = variance + np.sum(maps * (given @ maps - 2 * cross), axis=(1, 2, 3))
    return np.maximum(left / variance, 0)
