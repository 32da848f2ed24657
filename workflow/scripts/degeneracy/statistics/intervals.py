"""Standard errors and intervals that take into account that pairs of networks are not independent."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import stdtrit
from scipy.stats import bootstrap

RESAMPLES = 2000


def jackknife_error(statistic: Callable, count: int) -> float:
    """Standard error of a statistic of `count` networks, from leaving out one network at a time.

    `statistic` takes the index array of the networks to use. SE² = (n−1)/n Σ (θ_(i) − θ̄)² (Efron & Tibshirani 1993,
    eq. 11.5). Leaving out a network drops all its pairs, so pairs that share a network do not count as independent.
    NaN for fewer than three networks.
    """
    if count < 3:
        return np.nan
    everyone = np.arange(count)
    left_out = np.array([statistic(np.delete(everyone, index)) for index in everyone])
    return float(np.sqrt((count - 1) / count * np.sum(np.square(left_out - left_out.mean()))))


def bootstrap_interval(values: np.ndarray, statistic: Callable, confidence: float) -> tuple[float, float, float]:
    """Standard error of a statistic of values (network), and the ends of its percentile interval, by the bootstrap.

    `statistic` takes the values and an `axis`. The resamples are the same at every call. For statistics for which the
    jackknife is inconsistent, such as the median absolute deviation. NaN for fewer than three networks.
    """
    if len(values) < 3:
        return np.nan, np.nan, np.nan
    drawn = bootstrap((values,), statistic, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(0))
    low, high = np.quantile(drawn.bootstrap_distribution, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return float(drawn.standard_error), float(low), float(high)


def clipped(ends: np.ndarray, ranges: Sequence[tuple[float | None, float | None]]) -> np.ndarray:
    """Ends of intervals (level, measure) within the range of each measure; NaN stays NaN."""
    lowest = [-np.inf if low is None else low for low, _ in ranges]
    highest = [np.inf if high is None else high for _, high in ranges]
    return np.clip(ends, lowest, highest)


def interval(theta: np.ndarray, error: np.ndarray, freedom: np.ndarray, confidence: float, logarithmic: np.ndarray):
    """Ends of the intervals (level, measure): θ · exp(± t SE / θ) where `logarithmic` (measure), or θ ± t SE.

    Spreads and mean distances are positive and skewed, so their intervals are symmetric in the logarithm. A value of 0
    has no logarithm: its interval runs from 0 to t SE. Nor has a coefficient of variation around a negative mean: its
    interval is θ ± t SE. Coverage of the 95% interval (tests/benchmarks/interval_coverage.py): with 10 networks, 95%
    for the mean pairwise distance, 92% for the SD of normal values, 72% for that of log-normal values (σ = 0.7) and
    92% for the SD of their logarithm; with 50 networks, 95, 94, 80 and 94%. Read the SD of a skewed loss with care,
    and the SD of its logarithm first.
    """
    factor = stdtrit(freedom, 0.5 + confidence / 2)
    half, skewed = factor * error, logarithmic & (theta > 0)
    ratio = np.exp(np.divide(half, theta, out=np.zeros_like(half), where=skewed))
    low = np.where(skewed, theta / ratio, np.where(logarithmic & (theta == 0), 0.0, theta - half))
    high = np.where(skewed, theta * ratio, theta + half)
    return np.where(np.isfinite(half), low, np.nan), np.where(np.isfinite(half), high, np.nan)
