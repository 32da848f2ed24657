"""The degeneracy of one population under one measure."""

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from degeneracy.statistics.intervals import bootstrap_interval, jackknife_error
from degeneracy.statistics.permutation_test import pseudo_values
from degeneracy.statistics.spreads import Spread, mean_pairwise_distance


def _nothing() -> np.ndarray:
    return np.empty(0)


@dataclass(frozen=True)
class Estimate:
    """Degeneracy of a population under a measure, from the networks used.

    value         mean pairwise distance, or the measure of a scalar metric
    error         its standard error
    contribution  of each network (network): its mean distance to the others, or its deviation from the centre
    permuted      what the permutation test permutes (network); empty for fewer than three networks
    ends          of the interval, where they do not follow from the standard error
    """

    value: float = np.nan
    error: float = np.nan
    contribution: np.ndarray = field(default_factory=_nothing)
    permuted: np.ndarray = field(default_factory=_nothing)
    ends: tuple[float, float] | None = None


def of_distances(distance: np.ndarray) -> Estimate:
    """Estimate from the distances (network, network)."""
    count = len(distance)
    return Estimate(
        value=mean_pairwise_distance(distance),
        error=jackknife_error(lambda index: mean_pairwise_distance(distance[np.ix_(index, index)]), count),
        contribution=distance.sum(1) / (count - 1 or np.nan),
        permuted=pseudo_values(distance) if count > 2 else _nothing(),
    )


def of_values(values: np.ndarray, spread: Spread, confidence: float) -> Estimate:
    """Estimate from the values (network) of a scalar metric.

    A measure without a usable jackknife has the percentile interval of its bootstrap, because its error is large beside
    it where values are in clusters. Coverage of the 95% interval of the median absolute deviation
    (tests/benchmarks/interval_coverage.py): 92 to 95% with 10 networks, 94 to 98% with 50.
    """
    count = len(values)
    if count < 2:
        return Estimate(contribution=np.full(count, np.nan))
    value, contribution = spread.of(values), spread.deviations(values)
    permuted = spread.permuted(values) if count > 2 else _nothing()
    if not spread.location and np.ptp(values) == 0 and np.isfinite(value):
        return Estimate(0.0, 0.0, np.zeros(count), permuted)  # not the rounding of a logarithm or a mean
    if spread.moments is None:
        error, low, high = bootstrap_interval(values, spread.of, confidence)
        return Estimate(value, error, contribution, permuted, (low, high))
    error = jackknife_error(lambda index: spread.of(values[index]), count)
    return Estimate(value, error, contribution, permuted)


def references(data: xr.Dataset, measure: str, used: np.ndarray) -> dict[str, float]:
    """What the mean distance of a metric artifact is compared with; NaN where the artifact has none.

    floor    mean distance of a network from itself
    ceiling  mean distance before training, of the networks compared there, whether or not they converged
    bound    mean of the proven lower bounds
    """
    null, prefix = ("null", "") if measure == "distance" else (f"null_{measure}", f"{measure}_")
    found = dict.fromkeys(("floor", "ceiling", "bound"), np.nan)
    if null in data and len(used):
        found["floor"] = float(data[null].values[used].mean())
    if f"untrained_{measure}" in data:
        matrix = data[f"untrained_{measure}"].values
        compared = ~np.isnan(np.diag(matrix))
        found["ceiling"] = mean_pairwise_distance(matrix[np.ix_(compared, compared)])
    if f"{prefix}lower_bound" in data:
        found["bound"] = mean_pairwise_distance(data[f"{prefix}lower_bound"].values[np.ix_(used, used)])
    return found
