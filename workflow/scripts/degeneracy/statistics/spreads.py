"""How much a population varies: the mean pairwise distance, and the measures of a scalar metric."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import median_abs_deviation, variation


@dataclass(frozen=True)
class Spread:
    """A measure of the values (network) of a scalar metric, and what its statistics are computed from.

    label       the measure in words
    of          the measure: a number
    deviations  what each network contributes (network)
    scaled      the values (network) on the scale on which their spread is measured
    moments     the measure, from the mean and the SD (1/N) of scaled values. None where it is not a function of these;
                such a measure has no usable jackknife
    relative    whether it is relative to the centre of the values
    unitless    whether it has no unit, whatever the unit of the metric
    location    whether it is a location; all others are spreads, which are confounded with it
    """

    label: str
    of: Callable[..., float]
    deviations: Callable[[np.ndarray], np.ndarray]
    scaled: Callable[[np.ndarray], np.ndarray]
    moments: Callable[[np.ndarray, np.ndarray], np.ndarray] | None
    relative: bool = False
    unitless: bool = False
    location: bool = False

    @property
    def needs_many(self) -> bool:
        """Whether a few odd networks decide it, so that a small sample, which may hold none, has no interval."""
        return self.moments is not None and not self.location


def _from_mean(values: np.ndarray) -> np.ndarray:
    return np.abs(values - values.mean())


def _as_they_are(values: np.ndarray) -> np.ndarray:
    return values


def _if_positive(values: np.ndarray) -> np.ndarray:
    """The values, or NaN unless all are positive: logarithms and quotients have no meaning then."""
    return values if np.all(values > 0) else np.full(len(values), np.nan)


def _logarithm(values: np.ndarray) -> np.ndarray:
    return np.log(_if_positive(values))


def _mean_or_nan(values: np.ndarray) -> float:
    """The mean, or NaN where it is 0 and nothing is relative to it."""
    return values.mean() or np.nan


def _sd(mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    return sd


SPREADS = {
    "sd": Spread("SD", np.std, _from_mean, _as_they_are, _sd),  # 1/N, as in the paper
    "log_sd": Spread(
        "SD of log",
        lambda values: np.std(_logarithm(values)),
        lambda values: _from_mean(_logarithm(values)),
        _logarithm,
        _sd,
        unitless=True,
    ),
    "cv": Spread(
        "coefficient of variation",
        lambda values: variation(values) if values.mean() else np.nan,
        lambda values: _from_mean(values) / _mean_or_nan(values),
        _if_positive,
        lambda mean, sd: sd / mean,
        relative=True,
        unitless=True,
    ),
    "mad": Spread(
        "median absolute deviation",
        median_abs_deviation,
        lambda values: np.abs(values - np.median(values)),
        _as_they_are,
        None,
    ),
    "mean": Spread("mean", np.mean, _as_they_are, _as_they_are, lambda mean, sd: mean, location=True),
}


Range = tuple[float | None, float | None]  # lowest and highest value; None where there is no end
OPEN: Range = (None, None)


@dataclass(frozen=True)
class Measure:
    """A measure of a metric in the statistics: its name, its label, its unit, and how it is treated.

    spread    of the values of a scalar metric; None for a distance
    positive  whether it cannot be negative, so that its interval is symmetric in the logarithm
    range     of its values, to which its interval is clipped
    """

    name: str
    label: str
    unit: str
    spread: Spread | None
    positive: bool
    range: Range


def measures_of(described: Mapping[str, tuple[str, str]], ranges: Mapping[str, Range], pairwise: bool) -> list[Measure]:
    """The measures of a metric, from its MEASURES and its RANGE: its distances, or all spreads of its values."""
    if pairwise:
        return [
            Measure(name, label, unit, None, True, ranges.get(name, OPEN)) for name, (label, unit) in described.items()
        ]
    label, unit = described["value"]
    return [
        Measure(
            name,
            f"{spread.label} of {label}",
            "1" if spread.unitless else unit,
            spread,
            not spread.location,
            ranges.get("value", OPEN) if spread.location else OPEN,  # the mean of values lies in their range
        )
        for name, spread in SPREADS.items()
    ]


def mean_pairwise_distance(distance: np.ndarray) -> float:
    """Mean over pairs i < j of a distance matrix (network, network); NaN for fewer than two networks."""
    count = len(distance)
    return float(distance[np.triu_indices(count, 1)].mean()) if count > 1 else np.nan
