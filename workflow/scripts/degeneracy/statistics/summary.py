"""Degeneracy of the populations of a sweep, with its intervals and its trend."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from degeneracy.statistics.estimates import Estimate, of_distances, of_values, references
from degeneracy.statistics.intervals import clipped, interval
from degeneracy.statistics.permutation_test import permutation_p
from degeneracy.statistics.schema import STATISTICS
from degeneracy.statistics.spreads import Measure, Range, measures_of
from degeneracy.statistics.trend import trend, trend_order
from degeneracy.status import Status


def summarise(
    levels: list,
    metrics: list[xr.Dataset],
    confidence: float,
    described: Mapping[str, tuple[str, str]],
    ranges: Mapping[str, Range] | None = None,
) -> xr.Dataset:
    """Degeneracy at each level of a sweep: the mean pairwise distance, or the spread of a scalar, with intervals.

    Only converged networks count, because degeneracy is the spread of *solutions*. The result says how many converged,
    did not converge, and diverged. The intervals are those of `interval` (of the median absolute deviation: those of
    its bootstrap), clipped to the range of the metric. A distance also has a floor, a ceiling and a bound; see
    `references`. The trend is the fitted change along `trend_order`, with two p-values: of Welch, and of a permutation
    of the networks. It is NaN where the levels have no order. Metrics at snapshots of training are summarised in the
    same way, from the networks that converged in the end.

    Parameters
    ----------
    levels : one value per metric dataset, in the order of the sweep.
    metrics : metric artifacts (`value (network)` or `distance (network, network_other)`, `status (network)`).
    confidence : coverage of the intervals.
    described : the metric's MEASURES.
    ranges : the metric's RANGE, if it has one.
    """
    pairwise = "distance" in metrics[0]
    measures = measures_of(described, ranges or {}, pairwise)
    used = [np.flatnonzero(data["status"].values == Status.CONVERGED) for data in metrics]
    counts = _counts(metrics, used)
    found = [
        [_estimate(data, chosen, measure, confidence) for measure in measures]
        for data, chosen in zip(metrics, used, strict=True)
    ]
    values = (
        _degeneracy(found, measures, counts["n_used"], confidence)
        | {"contribution": _contributions(found, used, max(data.sizes["network"] for data in metrics))}
        | _references(metrics, measures, used)
        | _trends(found, measures, trend_order(levels), counts["n_used"], confidence)
        | counts
        | _in_training(metrics, measures, described, used, confidence)
    )
    coordinates: dict[str, Any] = {
        "level": levels,
        "measure": [measure.name for measure in measures],
        "measure_name": ("measure", [measure.label for measure in measures]),
        "measure_unit": [measure.unit for measure in measures],
    }
    if "snapshot_degeneracy" in values:
        coordinates["snapshot"] = metrics[0]["snapshot"].variable
    return STATISTICS.build(values, coordinates)


def _estimate(data: xr.Dataset, used: np.ndarray, measure: Measure, confidence: float) -> Estimate:
    if "distance" in data:
        return of_distances(data[measure.name].values[np.ix_(used, used)])
    return of_values(data["value"].values[used], measure.spread, confidence)


def _counts(metrics: list[xr.Dataset], used: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Numbers of networks (level) by how their training ended, and of those used whose metric is incomplete."""
    networks, converged = np.array([data.sizes["network"] for data in metrics]), np.array([len(one) for one in used])
    diverged = np.array([np.sum(data["status"].values == Status.DIVERGED) for data in metrics])
    counts = {
        "n_networks": networks,
        "n_used": converged,
        "n_not_converged": networks - converged - diverged,
        "n_diverged": diverged,
    }
    if all("complete" in data for data in metrics):
        counts["n_incomplete"] = np.array(
            [np.sum(data["complete"].values[chosen] == 0) for data, chosen in zip(metrics, used, strict=True)]
        )
    return {name: values.astype(np.int32) for name, values in counts.items()}


def _array(found: list[list[Estimate]], name: str) -> np.ndarray:
    """A number of every estimate (level, measure)."""
    return np.array([[getattr(estimate, name) for estimate in row] for row in found], float)


def _degeneracy(found: list[list[Estimate]], measures: list[Measure], counts: np.ndarray, confidence: float) -> dict:
    """Degeneracy (level, measure), its standard error, and its interval."""
    theta, error = _array(found, "value"), _array(found, "error")
    freedom = np.maximum(counts - 1, 1)[:, None]
    low, high = interval(theta, error, freedom, confidence, np.array([measure.positive for measure in measures]))
    for row, estimates in enumerate(found):
        for column, estimate in enumerate(estimates):
            if estimate.ends:
                low[row, column], high[row, column] = estimate.ends
    ranges = [measure.range for measure in measures]
    return {
        "degeneracy": theta,
        "standard_error": error,
        "interval_low": clipped(low, ranges),
        "interval_high": clipped(high, ranges),
    }


def _in_training(
    metrics: list[xr.Dataset],
    measures: list[Measure],
    described: Mapping[str, tuple[str, str]],
    used: list[np.ndarray],
    confidence: float,
) -> dict[str, np.ndarray]:
    """Degeneracy (level, measure, snapshot) with its interval, and the number of networks (level, snapshot)."""
    if not all("snapshot" in data.dims for data in metrics):
        return {}
    parts = []
    for index in range(metrics[0].sizes["snapshot"]):
        found = []
        for data, chosen in zip(metrics, used, strict=True):
            at = data.isel(snapshot=index)
            reached = chosen[at["snapshot_epoch"].values[chosen] > 0]
            then = xr.Dataset({name: at[f"snapshot_{name}"].drop_attrs() for name in described})
            found.append([_estimate(then, reached, measure, confidence) for measure in measures])
        counts = np.array([len(row[0].contribution) for row in found], np.int32)
        parts.append(_degeneracy(found, measures, counts, confidence) | {"n_used": counts})
    names = ("degeneracy", "interval_low", "interval_high", "n_used")
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


def _trends(
    found: list[list[Estimate]], measures: list[Measure], order: list[int], counts: np.ndarray, confidence: float
) -> dict[str, np.ndarray]:
    """The trend (measure) along the order of the levels, its interval, and its p-values."""
    theta, error = _array(found, "value")[order], _array(found, "error")[order]
    change, change_error, freedom, p = trend(theta, error, counts[order])
    half = stdtrit(freedom, 0.5 + confidence / 2) * change_error
    permuted = [
        permutation_p([found[row][column].permuted for row in order], measure.spread)
        for column, measure in enumerate(measures)
    ]
    return {
        "trend": change,
        "trend_error": change_error,
        "trend_low": change - half,
        "trend_high": change + half,
        "trend_p": p,
        "trend_permutation_p": np.array(permuted),
    }
