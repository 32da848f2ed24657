"""Degeneracy of the populations of a sweep, with its intervals and its trend."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from degeneracy.statistics import generalisation, label_permutation
from degeneracy.statistics.completeness import completeness
from degeneracy.statistics.estimates import Estimate, excess, is_resolved, of_distances, of_values, references
from degeneracy.statistics.halves import HALVES, trends
from degeneracy.statistics.intervals import LEAST_FOR_DISTANCES, change_interval, clipped, percent_interval
from degeneracy.statistics.schema import STATISTICS
from degeneracy.statistics.spreads import Measure, Range, measures_of
from degeneracy.statistics.trend import monotone, trend_order
from degeneracy.status import Status


def summarise(
    levels: list,
    metrics: list[xr.Dataset],
    confidence: float,
    described: Mapping[str, tuple[str, str]],
    ranges: Mapping[str, Range] | None = None,
    across: xr.Dataset | None = None,
) -> xr.Dataset:
    """Degeneracy at each level of a sweep: the mean pairwise distance, or the spread of a scalar, with intervals.

    Only converged networks count, because degeneracy is the spread of *solutions*. The result says how many converged,
    did not converge, and diverged. Intervals are those of `statistics.intervals`, clipped to the range of the metric. A
    distance also has a floor, a ceiling and a bound (see `references`), an `excess` over the floor, and whether it is
    resolved; values have no floor and count as resolved. The trend is the fitted change along
    `trend_order`, in units and in percent, with the p-value of `statistics.label_permutation`. It is NaN where the
    levels have no order, or one of them has fewer than three networks. Metrics at snapshots of training are summarised
    in the same way, from the networks that converged in the end. A loss out of distribution comes with its ratio to the
    loss on the probe trials.

    Parameters
    ----------
    levels : one value per metric dataset, in the order of the sweep.
    metrics : metric artifacts (`value (network)` or `distance (network, network_other)`, `status (network)`).
    confidence : coverage of the intervals.
    described : the metric's MEASURES.
    ranges : the metric's RANGE, if it has one.
    across : the measures between all networks, in the order of `metrics` (a map), of a metric that compares them.
    """
    pairwise = "distance" in metrics[0]
    measures = measures_of(described, ranges or {}, pairwise)
    used = [np.flatnonzero(data["status"].values == Status.CONVERGED) for data in metrics]
    counts = _counts(metrics, used) | completeness(metrics, used)
    order = trend_order(levels)
    places = [order.index(row) if order else row for row in range(len(levels))]  # the same resamples in any order
    found = [
        [_estimate(data, chosen, measure, confidence, place) for measure in measures]
        for data, chosen, place in zip(metrics, used, places, strict=True)
    ]
    ratios = generalisation.ratios(metrics, used)
    tested = Tested(metrics, used, order, across, generalisation.remark(levels, ratios))
    values = (
        _degeneracy(found, measures)
        | {"contribution": _contributions(found, used, max(data.sizes["network"] for data in metrics))}
        | _references(metrics, measures, used)
        | _excess(metrics, measures, used, confidence, places)
        | _trends([found[row] for row in order], measures, tested, confidence)
        | trends(metrics, used, measures, order)
        | counts
        | ratios
        | _in_training(metrics, measures, described, used, order, confidence)
    )
    coordinates: dict[str, Any] = {
        "level": levels,
        "measure": [measure.name for measure in measures],
        "measure_name": ("measure", [measure.label for measure in measures]),
        "measure_unit": [measure.unit for measure in measures],
        "half": list(HALVES),
    }
    if "snapshot_degeneracy" in values:
        coordinates["snapshot"] = metrics[0]["snapshot"].variable
    return STATISTICS.build(values, coordinates)


def _estimate(data: xr.Dataset, used: np.ndarray, measure: Measure, confidence: float, place: int) -> Estimate:
    generator = np.random.default_rng([0, place])
    if measure.spread is None:
        return of_distances(data[measure.name].values[np.ix_(used, used)], confidence, generator)
    return of_values(data["value"].values[used], measure.spread, confidence, generator)


def _counts(metrics: list[xr.Dataset], used: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Numbers of networks (level) by how their training ended."""
    networks, converged = np.array([data.sizes["network"] for data in metrics]), np.array([len(one) for one in used])
    diverged = np.array([np.sum(data["status"].values == Status.DIVERGED) for data in metrics])
    counts = {
        "n_networks": networks,
        "n_used": converged,
        "n_not_converged": networks - converged - diverged,
        "n_diverged": diverged,
    }
    return {name: values.astype(np.int32) for name, values in counts.items()}


def _array(found: list[list[Estimate]], name: str) -> np.ndarray:
    """A number of every estimate (level, measure)."""
    return np.array([[getattr(estimate, name) for estimate in row] for row in found], float)


def _degeneracy(found: list[list[Estimate]], measures: list[Measure]) -> dict[str, np.ndarray]:
    """Degeneracy (level, measure), its standard error, and its interval."""
    low, high = np.moveaxis(np.array([[estimate.ends for estimate in row] for row in found], float), -1, 0)
    ranges = [measure.range for measure in measures]
    return {
        "degeneracy": _array(found, "value"),
        "standard_error": _array(found, "error"),
        "interval_low": clipped(low, ranges),
        "interval_high": clipped(high, ranges),
    }


def _in_training(
    metrics: list[xr.Dataset],
    measures: list[Measure],
    described: Mapping[str, tuple[str, str]],
    used: list[np.ndarray],
    order: list[int],
    confidence: float,
) -> dict[str, np.ndarray]:
    """Degeneracy (level, measure, snapshot) and its change (measure, snapshot) in percent, with their intervals.

    The number of networks (level, snapshot), too. A snapshot is of one loss, so the change is at matched loss.
    """
    if not all("snapshot" in data.dims for data in metrics):
        return {}
    parts = []
    for index in range(metrics[0].sizes["snapshot"]):
        found, counts = [], []
        for place, (data, chosen) in enumerate(zip(metrics, used, strict=True)):
            at = data.isel(snapshot=index)
            reached = chosen[at["snapshot_epoch"].values[chosen] > 0]
            then = xr.Dataset({name: at[f"snapshot_{name}"].drop_attrs() for name in described})
            found.append([_estimate(then, reached, measure, confidence, place) for measure in measures])
            counts.append(len(reached))
        levels = [[found[row][column].resampled for row in order] for column in range(len(measures))]
        percent = np.array([percent_interval(each, confidence) for each in levels]).T
        changes = dict(zip(("percent", "percent_low", "percent_high"), percent, strict=True))
        parts.append(_degeneracy(found, measures) | changes | {"n_used": np.array(counts, np.int32)})
    names = ("degeneracy", "interval_low", "interval_high", "percent", "percent_low", "percent_high", "n_used")
    return {f"snapshot_{name}": np.stack([part[name] for part in parts], axis=-1) for name in names}


def _contributions(found: list[list[Estimate]], used: list[np.ndarray], networks: int) -> np.ndarray:
    """What every network contributes (level, measure, network); NaN for those that are not used."""
    values = np.full((len(found), len(found[0]), networks), np.nan)
    for row, (estimates, chosen) in enumerate(zip(found, used, strict=True)):
        for column, estimate in enumerate(estimates):
            values[row, column, chosen] = estimate.contribution
    return values


def _references(metrics: list[xr.Dataset], measures: list[Measure], used: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Floor, ceiling and bound (level, measure)."""
    found = [
        [references(data, measure.name, chosen) for measure in measures]
        for data, chosen in zip(metrics, used, strict=True)
    ]
    return {name: np.array([[one[name] for one in row] for row in found]) for name in ("floor", "ceiling", "bound")}


def _excess(
    metrics: list[xr.Dataset], measures: list[Measure], used: list[np.ndarray], confidence: float, places: list[int]
) -> dict[str, np.ndarray]:
    """Excess (level, measure) of distances over the floor with its interval, and whether each level is resolved."""
    values = np.full((3, len(metrics), len(measures)), np.nan)
    resolved = np.ones(values.shape[1:], np.int8)
    for row, (data, chosen, place) in enumerate(zip(metrics, used, places, strict=True)):
        for column, measure in enumerate(measures):
            if measure.spread is None:
                found = excess(data, measure.name, chosen, confidence, np.random.default_rng([0, place]))
                values[:, row, column] = found.value, *found.ends
                floor = references(data, measure.name, chosen)["floor"]
                resolved[row, column] = is_resolved(floor, found.value)
    return dict(zip(("excess", "excess_low", "excess_high"), values, strict=True)) | {"resolved": resolved}


@dataclass(frozen=True)
class Tested:
    """What the test of a trend permutes: the metric of the networks used, level by level in the order of the trend.

    `noted` is a remark on all measures.
    """

    metrics: list[xr.Dataset]
    used: list[np.ndarray]
    order: list[int]
    across: xr.Dataset | None
    noted: str

    @property
    def sizes(self) -> list[int]:
        return [len(self.used[row]) for row in self.order]

    def p(self, measure: Measure) -> float:
        if len(self.order) < 2 or min(self.sizes) < 3:
            return np.nan
        chosen = [(self.metrics[row], self.used[row]) for row in self.order]
        if measure.spread is None:
            within = [data[measure.name].values[np.ix_(used, used)] for data, used in chosen]
            estimators = label_permutation.of_distances(within, self._across(measure.name))
        else:
            values = [data["value"].values[used] for data, used in chosen]
            estimators = label_permutation.of_values(values, measure.spread)
        return label_permutation.permutation_p(self.sizes, estimators)

    def _across(self, measure: str) -> np.ndarray | None:
        """Distances between the networks used, in the order of the trend."""
        if self.across is None:
            return None
        first = np.cumsum([0, *(data.sizes["network"] for data in self.metrics)])
        networks = np.concatenate([first[row] + self.used[row] for row in self.order])
        return self.across[measure].values[np.ix_(networks, networks)]

    def permuted(self, measure: Measure) -> str:
        """What is permuted, in words."""
        if measure.spread is None:
            return ("networks, " if self.across is not None else "") + "deviations and contributions"
        return "networks" if measure.spread.location else "networks and deviations"

    def remark(self, measure: Measure) -> str:
        """What is not given, and why; what is assumed."""
        remarks = [self.noted] if self.noted else []
        if len(self.metrics) == 1:
            remarks.append("a single level, so no change")
        elif not self.order:
            remarks.append("levels without an order, so no change")
        elif min(self.sizes) < 3:
            remarks.append("a level with fewer than three networks, so no change")
        needs_many = measure.spread is None or measure.spread.needs_many
        if needs_many and min(map(len, self.used)) < LEAST_FOR_DISTANCES:
            remarks.append(f"no interval of a level with fewer than {LEAST_FOR_DISTANCES} networks")
        if measure.spread is None and self.across is None:
            remarks.append("assumes that few networks are odd")
        return "; ".join(remarks)


def _trends(
    found: list[list[Estimate]], measures: list[Measure], tested: Tested, confidence: float
) -> dict[str, np.ndarray]:
    """The trend (measure) along the levels in their order, its intervals, its p-value, and what is said of it."""
    rows = []
    for column, measure in enumerate(measures):
        levels = [row[column].resampled for row in found]
        change, error, low, high = change_interval(levels, confidence)
        percent, percent_low, percent_high = percent_interval(levels, confidence)
        rows.append(
            {
                "trend": change,
                "trend_error": error,
                "trend_low": low,
                "trend_high": high,
                "percent": percent,
                "percent_low": percent_low,
                "percent_high": percent_high,
                "trend_permutation_p": tested.p(measure),
                "test": tested.permuted(measure),
                "monotone": monotone(np.array([level.values for level in levels]), confidence),
                "remark": tested.remark(measure),
            }
        )
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
