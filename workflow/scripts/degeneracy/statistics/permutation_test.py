"""Permutation test of a trend of degeneracy over the levels of a sweep: networks change places between levels.

Shuffled are not the networks, whose distances across levels are in general not known, but one value of each. For a
pair metric it is the jackknife pseudo-value n θ − (n−1) θ_(i), nearly independent between networks and of mean θ.
For a scalar it is the value itself, for a spread after its level's median was taken out, so that a shift of the
level is no change of spread. The median, because residuals from the mean of a skewed metric alarm too often. What is
compared is the trend over its jackknife standard error, which keeps the size when the levels differ in shape or in
variance and the number of networks grows (Neuhaus 1993; Janssen 1997; Pauly, Brunner & Konietschke 2015). The median
absolute deviation alone has no usable jackknife: its trend is compared as it is, and its test takes levels to be of
one shape.

# ASSUME: without a trend, networks of different levels are exchangeable but for the centre that was taken out. With
# few networks that is needed; with many, only that the trend is zero (not so for the median absolute deviation).

False alarms at 5% (tests/benchmarks/interval_coverage.py; 8, 10 or 50 networks at 2 to 4 levels): 2 to 8% where levels
differ in nothing, for every measure; up to 10% for distances and means of 8 or 10 networks at levels of very unlike
variance, 5 to 7% with 50. Very small p-values of ten networks, a few of them far from the others at some levels only,
say as much that levels differ in shape as that there is a trend: read the trend's interval first.
"""

import math
from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from degeneracy.statistics.trend import trend_weights

RELABELLINGS = 9999  # at most; fewer are all gone through
TIE = 1e-9  # relative: equal but for rounding
EXACT = 1e-24  # squared standard error below which values of order one are all alike

# Statistics of the values shuffled, as functions of their mean and SD (1/N)
MOMENTS: dict[str, Callable] = {
    "mean": lambda mean, sd: mean,
    "sd": lambda mean, sd: sd,
    "log_sd": lambda mean, sd: sd,  # the values are logarithms
    "cv": lambda mean, sd: sd / mean,
}


def pseudo_values(distance: np.ndarray) -> np.ndarray:
    """Jackknife pseudo-values (network) of the mean pairwise distance, from distances (network, network).

    Their mean is that distance. Needs at least three networks.
    """
    count = len(distance)
    own = distance.sum(1)
    total = own.sum() / 2
    everyone, left_out = total / math.comb(count, 2), (total - own) / math.comb(count - 1, 2)
    return count * everyone - (count - 1) * left_out


def scalar_values(values: np.ndarray, measure: str) -> np.ndarray:
    """What is shuffled of the values (network) of a scalar metric: centred as the measure (`sd`, …, `mean`) demands.

    NaN where the measure has no meaning: logarithms and quotients need positive values.
    """
    if measure == "mean":
        return values
    if measure in ("log_sd", "cv") and not np.all(values > 0):
        return np.full(len(values), np.nan)
    if measure == "cv":
        return values / np.median(values)  # a change of scale is what it must not see
    if measure == "log_sd":
        values = np.log(values)
    return values - np.median(values)


def permutation_p(values: list[np.ndarray], measure: str) -> float:
    """Two-sided p-value of no trend over the levels: (1 + #) / (1 + N), # relabellings with as large a trend.

    `values` holds one array (network) a level, in the order of the trend, `measure` says of what the trend is
    (a key of MOMENTS, or `mad`). N relabellings are drawn from a fixed seed; where there are at most as many, all
    are gone through, the one observed among them, and p is their exact share. NaN for fewer than two levels, fewer
    than three networks at a level, or values that are not finite.
    """
    sizes = [len(level) for level in values]
    if len(sizes) < 2 or min(sizes) < 3:
        return np.nan
    pooled = np.concatenate(values)
    if not np.all(np.isfinite(pooled)):
        return np.nan
    if measure == "mean":
        pooled = pooled - np.median(pooled)
    pooled = pooled / (np.abs(pooled).max() or 1.0)  # so that EXACT has a meaning
    observed = abs(_trend(pooled[None], sizes, measure).item())
    as_large = relabelled = 0
    for orders in _relabellings(sizes):
        as_large += int(np.sum(np.abs(_trend(pooled[orders], sizes, measure)) >= observed * (1 - TIE)))
        relabelled += len(orders)
    exact = relabelled == _count(sizes)
    return as_large / relabelled if exact else (1 + as_large) / (1 + relabelled)


def _trend(values: np.ndarray, sizes: list[int], measure: str) -> np.ndarray:
    """Trend over its standard error (relabelling), or for `mad` the trend, of values (relabelling, network)."""
    change, variance = np.zeros(len(values)), np.zeros(len(values))
    levels = np.split(values, np.cumsum(sizes)[:-1], axis=1)
    for weight, level in zip(trend_weights(len(sizes)), levels, strict=True):
        if measure == "mad":
            change += weight * np.median(np.abs(level - np.median(level, 1, keepdims=True)), 1)
        else:
            theta, squared_error = _jackknife(level, MOMENTS[measure])
            change += weight * theta
            variance += weight**2 * squared_error
    return change if measure == "mad" else change / np.sqrt(np.maximum(variance, EXACT))


def _jackknife(values: np.ndarray, statistic: Callable) -> tuple[np.ndarray, np.ndarray]:
    """A function of mean and SD along the last axis, and its squared jackknife standard error."""
    count = values.shape[-1]
    mean = values.mean(-1, keepdims=True)
    deviation = values - mean
    squares = np.square(deviation).sum(-1, keepdims=True)
    theta = statistic(mean, np.sqrt(squares / count))[..., 0]
    # leaving out x_i takes n/(n−1) (x_i − mean)² from the sum of squares
    left = np.maximum(squares - np.square(deviation) * count / (count - 1), 0) / (count - 1)
    left_out = statistic(mean - deviation / (count - 1), np.sqrt(left))
    return theta, (count - 1) * left_out.var(-1)


def _count(sizes: list[int]) -> int:
    """Number of ways to hand out the labels of groups of these sizes."""
    return math.factorial(sum(sizes)) // math.prod(map(math.factorial, sizes))


def _relabellings(sizes: list[int]) -> Iterator[np.ndarray]:
    """Orders (relabelling, network) of the pooled networks, a batch at a time: all, or RELABELLINGS random ones."""
    total = sum(sizes)
    if _count(sizes) <= RELABELLINGS:
        yield np.array(list(_orders(tuple(range(total)), sizes)))
        return
    generator = np.random.default_rng(0)
    for first in range(0, RELABELLINGS, 1000):
        batch = min(1000, RELABELLINGS - first)
        yield generator.permuted(np.tile(np.arange(total), (batch, 1)), axis=1)


def _orders(left: tuple[int, ...], sizes: list[int]) -> Iterator[tuple[int, ...]]:
    """Every way to fill groups of these sizes from the networks left, one group after another."""
    if len(sizes) == 1:
        yield left
        return
    for group in combinations(left, sizes[0]):
        rest = tuple(network for network in left if network not in group)
        for others in _orders(rest, sizes[1:]):
            yield group + others
