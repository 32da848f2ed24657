"""Standard errors and intervals that respect that pairs of networks are not independent."""

from collections.abc import Callable

import numpy as np
from scipy.special import stdtrit

RESAMPLES = 2000


def jackknife_error(statistic: Callable, count: int) -> float:
    """Standard error of a statistic of `count` networks by leaving one network out at a time.

    `statistic` takes the index array of the networks to use. SE² = (n−1)/n Σ (θ_(i) − θ̄)² (Efron & Tibshirani 1993,
    eq. 11.5). Leaving out a network drops all its pairs, so pairs that share a network are not taken as independent.
    NaN for fewer than three networks.
    """
    if count < 3:
        return np.nan
    everyone = np.arange(count)
    left_out = np.array([statistic(np.delete(everyone, index)) for index in everyone])
    return float(np.sqrt((count - 1) / count * np.sum(np.square(left_out - left_out.mean()))))


def bootstrap(statistic: Callable, count: int, resamples: int = RESAMPLES) -> np.ndarray:
    """A statistic of `count` networks on resamples of them (resample); the same resamples every time.

    For the median absolute deviation, for which the jackknife is inconsistent. NaN for fewer than three networks.
    """
    if count < 3:
        return np.full(resamples, np.nan)
    drawn = np.random.default_rng(0).integers(count, size=(resamples, count))
    return np.array([statistic(index) for index in drawn])


def interval(theta: np.ndarray, error: np.ndarray, freedom: np.ndarray, confidence: float, logarithmic: np.ndarray):
    """Ends of the intervals (level, measure): θ · exp(± t SE / θ) where `logarithmic` (measure), or θ ± t SE.

    Spreads and mean distances are positive and skewed, so theirs is symmetric in the logarithm. One that is 0 has no
    logarithm, its interval is from 0 to t SE; nor has the coefficient of variation around a negative mean, θ ± t SE.
    Coverage of the 95% interval (tests/benchmarks/interval_coverage.py): 10 networks, mean pairwise distance 95%, SD of
    normal values 92%, of log-normal ones (σ = 0.7) 72%, of their logarithm 92%; 50 networks, 95, 94, 80 and 94%.
    Read the SD of a skewed loss with care, and that of its logarithm first.
    """
    factor = stdtrit(freedom, 0.5 + confidence / 2)
    half, skewed = factor * error, logarithmic & (theta > 0)
    ratio = np.exp(np.divide(half, theta, out=np.zeros_like(half), where=skewed))
    low = np.where(skewed, theta / ratio, np.where(logarithmic & (theta == 0), 0.0, theta - half))
    high = np.where(skewed, theta * ratio, theta + half)
    return np.where(np.isfinite(half), low, np.nan), np.where(np.isfinite(half), high, np.nan)
