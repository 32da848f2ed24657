"""Permutation test of a trend of degeneracy over the levels of a sweep: networks are exchanged between levels.

We permute one value per network, not the networks, because their distances across levels are in general not known. For
a pair metric this is the jackknife pseudo-value n θ − (n−1) θ_(i): pseudo-values are nearly independent between
networks, and their mean is θ. For a scalar metric it is the value itself. For a spread we first subtract the median of
the level, so that a shift of the level is no change of the spread. We use the median because residuals from the mean of
a skewed metric raise too many false alarms. The test compares the trend divided by its jackknife standard error, which
keeps the size when levels differ in shape or in variance and the number of networks grows (Neuhaus 1993; Janssen 1997;
Pauly, Brunner & Konietschke 2015). Only the median absolute deviation has no usable jackknife: the test compares its
trend as it is, and assumes that all levels have the same shape.

# ASSUME: without a trend, networks of different levels are exchangeable except for the centre that was subtracted.
With few networks the test needs this. With many it only needs the trend to be zero (this does not hold for the median
absolute deviation).

False alarms at 5% (tests/benchmarks/interval_coverage.py; 8, 10 or 50 networks at 2 to 4 levels): 2 to 8% where the
levels do not differ at all, for every measure; up to 10% for distances and means of 8 or 10 networks at levels of very
different variance, 5 to 7% with 50. With ten networks, a very small p-value where a few networks are far from the
others at some levels only can mean that the levels differ in shape rather than in degeneracy: read the interval of the
trend first.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from degeneracy.statistics.spreads import Spread
from degeneracy.statistics.trend import trend_weights

RELABELLINGS = 9999  # at most; where there are fewer, the test enumerates all of them
BATCH = 1000  # relabellings at once
TIE = 1e-9  # relative: equal except for rounding
EXACT = 1e-24  # squared standard error below which values of order one are all equal


def pseudo_values(distance: np.ndarray) -> np.ndarray:
    """Jackknife pseudo-values (network) of the mean pairwise distance, from distances (network, network).

    Their mean is that distance. Needs at least three networks.
    """
    count = len(distance)
    row_sums = distance.sum(1)
    total = row_sums.sum() / 2
    everyone, left_out = total / math.comb(count, 2), (total - row_sums) / math.comb(count - 1, 2)
    return count * everyone - (count - 1) * left_out


def permutation_p(values: list[np.ndarray], spread: Spread) -> float:
    """Two-sided p-value of no trend over the levels: (1 + #) / (1 + N), # relabellings with as large a trend.

    `values` holds one array (network) per level, in the order of the trend: the pseudo-values of a distance, or what
    `spread.permuted` returns. N relabellings are drawn with a fixed seed. If there are no more than N, all are
    enumerated, the observed one included, and p is their exact share. NaN for fewer than two levels, fewer than three
    networks at a level, or values that are not finite.
    """
    if len(values) < 2 or min(map(len, values)) < 3:
        return np.nan
    pooled = np.concatenate(values)
    if not np.all(np.isfinite(pooled)):
        return np.nan
    shift = np.median(pooled) if spread.location else 0.0
    scale = np.abs(pooled - shift).max() or 1.0  # so that EXACT has a meaning
    result = stats.permutation_test(
        [(level - shift) / scale for level in values],
        lambda *levels, axis: np.abs(_trend(levels, spread)),
        vectorized=True,
        n_resamples=RELABELLINGS,
        batch=BATCH,
        rng=np.random.default_rng(0),
    )
    relabelled = len(result.null_distribution)
    # counted here, because the tolerance of SciPy's own p-value is narrower than the rounding of a jackknife
    as_large = int(np.sum(result.null_distribution >= result.statistic * (1 - TIE)))
    exact = relabelled < RELABELLINGS
    return as_large / relabelled if exact else (1 + as_large) / (1 + relabelled)


def _trend(levels: tuple[np.ndarray, ...], spread: Spread) -> np.ndarray:
    """Trend (…) of the values (…, network) of each level, over its standard error where that is known."""
    change, variance = np.zeros(levels[0].shape[:-1]), np.zeros(levels[0].shape[:-1])
    for weight, level in zip(trend_weights(len(levels)), levels, strict=True):
        if spread.moments is None:
            change += weight * spread.of(level, axis=-1)
        else:
            theta, squared_error = _jackknife(level, spread.moments)
            change += weight * theta
            variance += weight**2 * squared_error
    return change if spread.moments is None else change / np.sqrt(np.maximum(variance, EXACT))


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
