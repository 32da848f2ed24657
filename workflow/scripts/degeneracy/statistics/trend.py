"""The trend of degeneracy over the levels of a sweep."""

import numpy as np


def trend_order(levels: list) -> list[int]:
    """Places of the levels along a trend: numbers from the smallest to the largest, false before true.

    If the two levels of a sweep are not numeric, the trend runs from the first to the second. More than two such levels
    have no order, and the list is empty.
    """
    if all(isinstance(level, int | float) for level in levels):
        return sorted(range(len(levels)), key=lambda place: levels[place])
    return [0, 1] if len(levels) == 2 else []


def trend_weights(count: int) -> np.ndarray:
    """Weights (level) by which the degeneracy of the levels adds up to the fitted change from the first to the last.

    Least squares over equally spaced levels; with two levels, the change is their difference.
    """
    position = np.linspace(-0.5, 0.5, count)
    return position / np.sum(position**2)


def monotone(values: np.ndarray, confidence: float) -> str:
    """Whether the levels between the first and the last lie between them, from resamples of each (level, resample).

    `yes` where they do in a share of at least `confidence` of the resamples, `no` where they do in at most
    1 − confidence, `unclear` in between; empty for fewer than three levels.
    """
    if len(values) < 3 or not np.isfinite(values).any(1).all():
        return ""
    low, high = np.minimum(values[0], values[-1]), np.maximum(values[0], values[-1])
    share = np.mean(np.all((low <= values[1:-1]) & (values[1:-1] <= high), axis=0))
    return "yes" if share >= confidence else "no" if share <= 1 - confidence else "unclear"
