"""The degeneracy of one population under one measure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import xarray as xr

from degeneracy.statistics.intervals import LEAST_FOR_DISTANCES, SKEWED, interval, percentile_interval
from degeneracy.statistics.resampling import (
    NOTHING,
    RESAMPLES,
    Resampled,
    mean_distances,
    mean_excess,
    moment_estimates,
    resample,
)
from degeneracy.statistics.spreads import Spread, mean_pairwise_distance

NO_INTERVAL = (np.nan, np.nan)
RESOLVED = 1 / 4  # largest share of the floor in a resolved degeneracy


@dataclass(frozen=True)
class Estimate:
    """Degeneracy of a population under a measure, from the networks used.

    value         mean pairwise distance, or the measure of a scalar metric
    resampled     the same with its standard error, and those of its resamples
    ends          of the interval
    contribution  of each network (network): its mean distance to the others, or its deviation from the centre
    """

    value: float = np.nan
    resampled: Resampled = NOTHING
    ends: tuple[float, float] = NO_INTERVAL
    contribution: np.ndarray = field(default_factory=lambda: np.empty(0))

    @property
    def error(self) -> float:
        return self.resampled.error


def of_distances(distance: np.ndarray, confidence: float, generator: np.random.Generator) -> Estimate:
    """Estimate from the distances (network, network).

    Fewer than LEAST_FOR_DISTANCES networks have no interval: too often none of the odd networks is among them, and
    nothing in the sample tells.
    """
    count = len(distance)
    value, contribution = mean_pairwise_distance(distance), distance.sum(1) / (count - 1 or np.nan)
    if count < 3:
        return Estimate(value, contribution=contribution)
    found = resample(partial(mean_distances, distance=distance), count, generator)
    ends = interval(found, confidence, positive=True) if count >= LEAST_FOR_DISTANCES else NO_INTERVAL
    return Estimate(value, found, ends, contribution)


def of_values(values: np.ndarray, spread: Spread, confidence: float, generator: np.random.Generator) -> Estimate:
    """Estimate from the values (network) of a scalar metric; few networks have no interval, as in `of_distances`."""
    count = len(values)
    if count < 2:
        return Estimate(contribution=np.full(count, np.nan))
    value, contribution = spread.of(values), spread.deviations(values)
    if not spread.location and np.ptp(values) == 0 and np.isfinite(value):
        exact = Resampled(0.0, 0.0, np.zeros(RESAMPLES), np.zeros(RESAMPLES))
        return Estimate(0.0, exact, (0.0, 0.0), np.zeros(count))  # not the rounding of a logarithm or a mean
    if count < 3:
        return Estimate(value, contribution=contribution)
    if spread.moments is None:
        found = _without_jackknife(values, spread.of, generator)
        return Estimate(value, found, percentile_interval(found, confidence), contribution)
    estimator = partial(moment_estimates, values=spread.scaled(values), statistic=spread.moments)
    found = resample(estimator, count, generator)
    if spread.needs_many and count < LEAST_FOR_DISTANCES:
        return Estimate(value, found, contribution=contribution)
    ends = interval(found, confidence, False) if spread.location else interval(found, confidence, True, SKEWED)
    return Estimate(value, found, ends, contribution)


def _without_jackknife(values: np.ndarray, statistic: Callable, generator: np.random.Generator) -> Resampled:
    """The bootstrap of a measure whose jackknife is inconsistent: one standard error for all resamples."""
    drawn = statistic(values[generator.integers(len(values), size=(RESAMPLES, len(values)))], axis=-1)
    error = float(np.std(drawn, ddof=1))
    return Resampled(float(statistic(values)), error, drawn, np.full(RESAMPLES, error))


def references(data: xr.Dataset, measure: str, used: np.ndarray) -> dict[str, float]:
    """What the mean distance of a metric artifact is compared with; NaN where the artifact has none.

    floor    mean distance of a network from itself
    ceiling  mean distance before training, of the networks compared there, whether or not they converged
    bound    mean of the proven lower bounds
    """
    prefix = "" if measure == "distance" else f"{measure}_"
    found = dict.fromkeys(("floor", "ceiling", "bound"), np.nan)
    if len(used):
        found["floor"] = float(_floor(data, measure, used).mean())
    if f"untrained_{measure}" in data:
        matrix = data[f"untrained_{measure}"].values
        compared = ~np.isnan(np.diag(matrix))
        found["ceiling"] = mean_pairwise_distance(matrix[np.ix_(compared, compared)])
    if f"{prefix}lower_bound" in data:
        found["bound"] = mean_pairwise_distance(data[f"{prefix}lower_bound"].values[np.ix_(used, used)])
    return found


def excess(
    data: xr.Dataset, measure: str, used: np.ndarray, confidence: float, generator: np.random.Generator
) -> Estimate:
    """What pairs have beyond the floor on the same footing: both networks of a pair, as a network and itself, are on
    different trials. It may be negative. There are intervals where there are for mean distances.
    """
    if len(used) < 2:
        return Estimate()
    other = f"replicate_{measure}"  # which an artifact lacks where the floor is 0 by construction
    distance = data[other if other in data else measure].values[np.ix_(used, used)]
    floor = _floor(data, measure, used)
    if len(used) < 3 or np.isnan(floor).any():
        return Estimate(mean_pairwise_distance(distance) - float(floor.mean()))
    found = resample(partial(mean_excess, distance=distance, floor=floor), len(used), generator)
    enough = len(used) >= LEAST_FOR_DISTANCES
    return Estimate(found.value, found, interval(found, confidence, positive=False) if enough else NO_INTERVAL)


def is_resolved(floor: float, beyond: float) -> bool:
    """Whether a floor is at most a quarter of the degeneracy on its footing, of which an excess is the rest."""
    return bool(floor <= RESOLVED * (floor + beyond))


def _floor(data: xr.Dataset, measure: str, used: np.ndarray) -> np.ndarray:
    """Distances (network) of the networks used from themselves; NaN where an artifact has none."""
    name = "floor" if measure == "distance" else f"floor_{measure}"
    return data[name].values[used] if name in data else np.full(len(used), np.nan)
