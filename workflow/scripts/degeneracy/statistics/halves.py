"""A trend in two halves of the networks, those of even and those of odd seeds: a replication within a run."""

import numpy as np
import xarray as xr

from degeneracy.statistics.spreads import Measure, mean_pairwise_distance
from degeneracy.statistics.trend import trend_weights

HALVES = ("even", "odd")


def trends(
    metrics: list[xr.Dataset], used: list[np.ndarray], measures: list[Measure], order: list[int]
) -> dict[str, np.ndarray]:
    """The fitted change (half, measure) along the levels in their order, in units and in percent, without intervals.

    Also the number of networks used (half, level). NaN where a half of a level has fewer than two networks, or, in
    percent, where a level is not positive.
    """
    seeds = [data["network"].values[chosen] for data, chosen in zip(metrics, used, strict=True)]
    parts = [[chosen[each % 2 == half] for chosen, each in zip(used, seeds, strict=True)] for half in range(2)]
    weights = trend_weights(len(order)) if len(order) > 1 else np.full(len(order), np.nan)
    found = np.array(
        [[[_value(metrics[row], half[row], measure) for row in order] for measure in measures] for half in parts]
    ).reshape(len(parts), len(measures), len(order))
    logarithms = np.log(np.where(found > 0, found, np.nan))
    return {
        "half_trend": found @ weights if len(order) else np.full(found.shape[:2], np.nan),
        "half_percent": 100 * np.expm1(logarithms @ weights) if len(order) else np.full(found.shape[:2], np.nan),
        "half_n_used": np.array([[len(one) for one in half] for half in parts], np.int32),
    }


def _value(data: xr.Dataset, chosen: np.ndarray, measure: Measure) -> float:
    """Degeneracy of some networks under a measure."""
    if measure.spread is None:
        return mean_pairwise_distance(data[measure.name].values[np.ix_(chosen, chosen)])
    return float(measure.spread.of(data["value"].values[chosen])) if len(chosen) > 1 else np.nan
