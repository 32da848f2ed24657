"""The trend of degeneracy over the levels of a sweep."""

import numpy as np
from scipy.special import stdtr


def trend_order(levels: list) -> list[int]:
    """Places of the levels along a trend: numbers from the smallest to the largest, false before true.

    If the two levels of a sweep are not numeric, the trend runs from the first to the second. More than two such levels
    have no order, and the list is empty.
    """
    if all(isinstance(level, int | float) for level in levels):
        return sorted(range(len(levels)), key=lambda place: levels[place])
    return [0, 1] if len(levels) == 2 else []


def trend(theta: np.ndarray, error: np.ndarray, counts: np.ndarray):
    """Fitted change from the first to the last level (measure), its standard error, degrees of freedom and p-value.

    Least-squares slope over equally spaced levels. Its error follows from the standard errors of the levels, with the
    degrees of freedom of Welch and Satterthwaite.
    # ASSUME: levels are independent. Levels that differ only in training start from the same weights, seed by seed;
    # if that makes them alike, the interval is wider than necessary.
    NaN unless there are at least two levels and each has at least three networks.
    """
    if len(theta) < 2 or np.any(counts < 3):
        return (np.full(theta.shape[1], np.nan),) * 4
    weight = trend_weights(len(theta))[:, None]
    change = np.sum(weight * (theta - theta[0]), 0)  # exactly 0 for equal levels, although weights round
    parts = (weight * error) ** 2  # the variance that each level adds (level, measure)
    variance = parts.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = variance**2 / np.sum(parts**2 / (counts[:, None] - 1), 0)
        freedom = np.where(variance > 0, freedom, 1.0)  # without variance the change is exact
        p = np.where(change == 0, 1.0, 2 * stdtr(freedom, -np.abs(change) / np.sqrt(variance)))
    return change, np.sqrt(variance), freedom, p


def trend_weights(count: int) -> np.ndarray:
    """Weights (level) by which the degeneracy of the levels adds up to the fitted change from the first to the last.

    Least squares over equally spaced levels; with two levels, the change is their difference.
    """
    position = np.linspace(-0.5, 0.5, count)
    return position / np.sum(position**2)
