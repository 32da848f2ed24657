"""The trend of degeneracy over the levels of a sweep."""

import numpy as np
from scipy.special import stdtr


def trend_order(levels: list) -> list[int]:
    """Places of the levels along a trend: numbers from the smallest to the largest, false before true.

    Two levels of another type have the order in which they were given; more have none, and the list is empty.
    """
    if all(isinstance(level, int | float) for level in levels):
        return sorted(range(len(levels)), key=lambda place: levels[place])
    return [0, 1] if len(levels) == 2 else []


def trend(theta: np.ndarray, error: np.ndarray, counts: np.ndarray):
    """Fitted change from the first to the last level (measure), its standard error, degrees of freedom and p-value.

    Least-squares slope over equally spaced levels; its error propagates the levels' own standard errors, with the
    degrees of freedom of Welch and Satterthwaite.
    # ASSUME: levels are independent. Levels that differ in training alone start from the same weights seed by seed;
    # if that makes them alike, the interval is wider than it need be.
    NaN unless there are at least two levels and every one has at least three networks.
    """
    if len(theta) < 2 or np.any(counts < 3):
        return (np.full(theta.shape[1], np.nan),) * 4
    weight = trend_weights(len(theta))[:, None]
    change = np.sum(weight * (theta - theta[0]), 0)  # levels that are equal change by 0, whatever the weights round to
    parts = (weight * error) ** 2  # variance each level adds (level, measure)
    variance = parts.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = variance**2 / np.sum(parts**2 / (counts[:, None] - 1), 0)
        freedom = np.where(variance > 0, freedom, 1.0)  # without variance the change is exact, whatever the freedom
        p = np.where(change == 0, 1.0, 2 * stdtr(freedom, -np.abs(change) / np.sqrt(variance)))
    return change, np.sqrt(variance), freedom, p


def trend_weights(count: int) -> np.ndarray:
    """Weights (level) whose sum with the levels' degeneracy is the fitted change from the first to the last level.

    Least squares over equally spaced levels; of two levels it is their difference.
    """
    position = np.linspace(-0.5, 0.5, count)
    return position / np.sum(position**2)
