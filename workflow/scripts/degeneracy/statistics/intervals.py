"""Intervals of degeneracy and of its change, by the studentised bootstrap over networks.

A resample draws networks, never pairs, and is compared in units of its own jackknife standard error (bootstrap-t; Efron
& Tibshirani 1993, ch. 12.5; DiCiccio & Efron 1996). What is positive is compared in the logarithm.

Coverage of the 95% intervals with 20 and 50 networks (tests/benchmarks/interval_coverage.py): mean distance in a cloud
96 and 94%, with a tenth of odd networks 83% (not given) and 97%; SD of normal values 98 and 98%, of log-normal ones (σ
= 0.7) 94 and 93%, of the logarithm with t tails (3 degrees of freedom) 94 and 92%, with a tenth odd 90% (not given;
with 29 networks 94%) and 97%. Excess over the floor: cloud 96 and 95%, with a tenth odd 86% (not given; with 29
networks 94%) and 98%.
Changes: 92 to 98%.
"""

from collections.abc import Sequence

import numpy as np

from degeneracy.statistics.resampling import Resampled
from degeneracy.statistics.trend import trend_weights

USUAL, SKEWED = 0.5, 0.1  # share of 1 − confidence beyond the upper end
LEAST_FOR_DISTANCES = 29  # networks: of fewer, more than 5% of samples hold none of a tenth of odd networks


def interval(found: Resampled, confidence: float, positive: bool, upper: float = USUAL) -> tuple[float, float]:
    """Ends of the interval of a degeneracy; NaN where the resamples leave an end open.

    The interval is of the logarithm for a `positive` measure. `upper` is the share of 1 − confidence beyond the upper
    end. The values that a sample misses make a spread larger, not smaller: with the usual half, the interval of the SD
    of Student's t (3 degrees of freedom) covers 83%.
    # ASSUME: for spreads of values, a tenth makes up for that (SKEWED). Chosen by the coverage measured.
    """
    if found.error == 0:
        return found.value, found.value
    logarithmic, tail = positive and found.value > 0, 1 - confidence
    given = found.logarithm() if logarithmic else found
    lowest, highest = np.quantile(_pivots(given), [upper * tail, 1 - tail / 2], method="inverted_cdf")
    ends = given.value - given.error * np.array([highest, lowest])
    with np.errstate(over="ignore"):
        return _if_finite(*(np.exp(ends) if logarithmic else ends))


def percentile_interval(found: Resampled, confidence: float) -> tuple[float, float]:
    """Ends by the percentiles of the bootstrap, for a measure that has no usable jackknife."""
    return _if_finite(*np.quantile(found.values, [0.5 - confidence / 2, 0.5 + confidence / 2]))


def change_interval(levels: Sequence[Resampled], confidence: float) -> tuple[float, float, float, float]:
    """Fitted change from the first to the last level, its standard error, and the ends of its interval.

    The change Λ is the sum of the levels' values with `trend_weights`. The interval is symmetric, Λ ± q SE, with q the
    quantile of |Λ* − Λ| / SE* over resamples (Hall 1988). At which level an odd network falls is chance, so the error
    of a change has two equal tails, and this interval covers more often than one with the tails of the resamples.
    # ASSUME: levels are independent. Levels that differ only in training start from the same weights, seed by seed;
    # if that makes them alike, the interval is wider than necessary.
    NaN unless there are at least two levels and their values are finite.
    """
    if len(levels) < 2 or not np.isfinite([level.value for level in levels]).all():
        return (np.nan,) * 4
    weights = trend_weights(len(levels))
    pairs = list(zip(weights, levels, strict=True))
    with np.errstate(invalid="ignore"):
        fitted = Resampled(
            # from the first level, so that equal levels change by exactly 0
            value=sum(weight * (level.value - levels[0].value) for weight, level in pairs),
            error=float(np.sqrt(sum(np.square(weight * level.error) for weight, level in pairs))),
            values=sum(weight * (level.values - levels[0].values) for weight, level in pairs),
            errors=np.sqrt(sum(np.square(weight * level.errors) for weight, level in pairs)),
        )
    if fitted.error == 0:
        return fitted.value, 0.0, fitted.value, fitted.value
    half = fitted.error * np.quantile(np.abs(_pivots(fitted)), confidence, method="inverted_cdf")
    return fitted.value, fitted.error, *_if_finite(fitted.value - half, fitted.value + half)


def percent_interval(levels: Sequence[Resampled], confidence: float) -> tuple[float, float, float]:
    """Fitted change from the first to the last level in percent of the first, and the ends of its interval.

    100 (exp(Λ ± q SE) − 1), Λ the `change_interval` of the logarithms: with two or three levels, the logarithm of the
    last over the first. So the error of the first level counts, too, and no end is below −100%. NaN unless all levels
    are positive.
    """
    if not all(level.value > 0 for level in levels):
        return (np.nan,) * 3
    change, _, low, high = change_interval([level.logarithm() for level in levels], confidence)
    with np.errstate(over="ignore"):
        return float(100 * np.expm1(change)), *_if_finite(100 * np.expm1(low), 100 * np.expm1(high))


def _pivots(found: Resampled) -> np.ndarray:
    """(θ* − θ) / SE* of every resample; −∞ where a resample has no estimate, being copies of one network."""
    with np.errstate(divide="ignore", invalid="ignore"):
        pivots = (found.values - found.value) / found.errors
    return np.where(np.isnan(pivots), -np.inf, pivots)


def _if_finite(low: float, high: float) -> tuple[float, float]:
    """Both ends, or NaN: an interval that is open at one end is none."""
    return (float(low), float(high)) if np.isfinite([low, high]).all() else (np.nan, np.nan)


def clipped(ends: np.ndarray, ranges: Sequence[tuple[float | None, float | None]]) -> np.ndarray:
    """Ends of intervals (level, measure) within the range of each measure; NaN stays NaN."""
    lowest = [-np.inf if low is None else low for low, _ in ranges]
    highest = [np.inf if high is None else high for _, high in ranges]
    return np.clip(ends, lowest, highest)
