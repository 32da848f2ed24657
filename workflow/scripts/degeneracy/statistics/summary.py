"""Degeneracy of populations, with intervals that respect that pairs of networks are not independent."""

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from degeneracy.statistics.intervals import bootstrap, interval, jackknife_error
from degeneracy.statistics.permutation_test import permutation_p, pseudo_values, scalar_values
from degeneracy.statistics.schema import STATISTICS
from degeneracy.statistics.spreads import DEVIATIONS, SPREADS, WITHOUT_UNIT, mean_pairwise_distance
from degeneracy.statistics.trend import trend, trend_order
from degeneracy.status import Status


def summarise(levels: list, metrics: list[xr.Dataset], confidence: float, described: dict) -> xr.Dataset:
    """Degeneracy at each level of a sweep: the mean pairwise distance, or the spread of a scalar, with intervals.

    Only networks that learnt the task count: degeneracy is the spread of *solutions*. How many did, did not reach
    the criterion, and diverged is part of the result. The interval is `interval`; for the median absolute deviation it
    is that of the percentiles of the bootstrap, as its error is large beside it where values are in clusters (coverage
    of the 95% interval, by the same benchmark: 10 networks 92 to 95%, 50 networks 94 to 98%).
    `contribution` is what each network adds: its mean distance to the others, or its deviation from the centre.
    Distances have a `floor`, the mean distance of a network from itself, a `ceiling`, the mean distance before
    training, and, where the metric proves one, a `bound`, the mean of what the distances are at least; NaN where there
    is none. The trend is the fitted change along `trend_order`, with the p-values of Welch and of a permutation of the
    networks' labels; NaN without an order.

    Parameters
    ----------
    levels : one value a metric dataset, in the order of the sweep.
    metrics : metric artifacts (`value (network)` or `distance (network, network_other)`, `status (network)`).
    confidence : coverage of the intervals.
    described : the metric's MEASURES.
    """
    pairwise = "distance" in metrics[0]
    measures = list(described) if pairwise else list(SPREADS)
    most = max(data.sizes["network"] for data in metrics)
    shape = (len(levels), len(measures))
    theta, error, percentiles = np.full(shape, np.nan), np.full(shape, np.nan), np.full((2, *shape), np.nan)
    contribution = np.full((*shape, most), np.nan)
    shuffled = [[np.empty(0)] * len(measures) for _ in levels]  # what the permutation test shuffles
    references = {name: np.full(shape, np.nan) for name in ("floor", "ceiling", "bound")}
    counts = {
        name: np.zeros(len(levels), np.int32) for name in ("n_networks", "n_used", "n_not_converged", "n_diverged")
    }
    for row, data in enumerate(metrics):
        status = data["status"].values
        used = np.flatnonzero(status == Status.CONVERGED)
        counts["n_networks"][row], counts["n_used"][row] = len(status), len(used)
        counts["n_diverged"][row] = (status == Status.DIVERGED).sum()
        counts["n_not_converged"][row] = len(status) - len(used) - counts["n_diverged"][row]
        for column, name in enumerate(measures):
            spread = _pair_spread if pairwise else _scalar_spread
            theta[row, column], error[row, column], contribution[row, column, used], drawn = spread(data, name, used)
            if name == "mad":
                percentiles[:, row, column] = np.quantile(drawn, [0.5 - confidence / 2, 0.5 + confidence / 2])
            shuffled[row][column] = _shuffled(data, name, used)
            if pairwise:
                for key, value in _references(data, name, used).items():
                    references[key][row, column] = value
    freedom = np.maximum(counts["n_used"] - 1, 1)[:, None]
    ends = interval(theta, error, freedom, confidence, logarithmic=np.array([name != "mean" for name in measures]))
    low, high = np.where(np.array(measures) == "mad", percentiles, ends)
    order = trend_order(levels)
    change, change_error, change_freedom, p = trend(theta[order], error[order], counts["n_used"][order])
    permuted = [
        permutation_p([shuffled[row][column] for row in order], "mean" if pairwise else name)
        for column, name in enumerate(measures)
    ]
    half_change = stdtrit(change_freedom, 0.5 + confidence / 2) * change_error
    names = [described[name][0] if pairwise else f"{SPREADS[name][0]} of {described['value'][0]}" for name in measures]
    units_of = [described[name if pairwise else "value"][1] if name not in WITHOUT_UNIT else "1" for name in measures]
    values = {
        "degeneracy": theta,
        "standard_error": error,
        "interval_low": low,
        "interval_high": high,
        "contribution": contribution,
        **references,
        "trend": change,
        "trend_error": change_error,
        "trend_low": change - half_change,
        "trend_high": change + half_change,
        "trend_p": p,
        "trend_permutation_p": np.array(permuted),
        **counts,
    }
    if all("complete" in one for one in metrics):
        incomplete = [
            int(np.sum(one["complete"].values[one["status"].values == Status.CONVERGED] == 0)) for one in metrics
        ]
        values["n_incomplete"] = np.array(incomplete, np.int32)
    coordinates = {
        "level": levels,
        "measure": measures,
        "measure_name": ("measure", names),
        "measure_unit": ("measure", units_of, {"long_name": "unit of the measure", "units": "1"}),
    }
    return STATISTICS.build(values, coordinates)


def _shuffled(data: xr.Dataset, name: str, used: np.ndarray) -> np.ndarray:
    """One value a network, which the permutation test of a measure shuffles; none for fewer than three networks."""
    if len(used) < 3:
        return np.empty(0)
    if "distance" in data:
        return pseudo_values(data[name].values[np.ix_(used, used)])
    return scalar_values(data["value"].values[used], name)


def _pair_spread(data: xr.Dataset, name: str, used: np.ndarray):
    matrix = data[name].values[np.ix_(used, used)]
    theta = mean_pairwise_distance(matrix)
    error = jackknife_error(lambda index: mean_pairwise_distance(matrix[np.ix_(index, index)]), len(used))
    return theta, error, matrix.sum(1) / (len(used) - 1 or np.nan), None


def _references(data: xr.Dataset, name: str, used: np.ndarray) -> dict[str, float]:
    """Floor, ceiling and bound of a measure, those that the metric artifact has.

    The ceiling is over the networks that were compared before training, whether or not they learnt the task.
    """
    own, prefix = ("null", "") if name == "distance" else (f"null_{name}", f"{name}_")
    found = {}
    if own in data and len(used):
        found["floor"] = float(data[own].values[used].mean())
    if f"untrained_{name}" in data:
        matrix = data[f"untrained_{name}"].values
        compared = ~np.isnan(np.diag(matrix))
        found["ceiling"] = mean_pairwise_distance(matrix[np.ix_(compared, compared)])
    if f"{prefix}lower_bound" in data:
        found["bound"] = mean_pairwise_distance(data[f"{prefix}lower_bound"].values[np.ix_(used, used)])
    return found


def _scalar_spread(data: xr.Dataset, name: str, used: np.ndarray):
    """Spread, standard error, what each network adds, and for the median absolute deviation its bootstrap."""
    values = data["value"].values[used]
    if len(values) < 2:
        return np.nan, np.nan, np.full(len(values), np.nan), [np.nan]
    statistic = SPREADS[name][1]
    if name != "mean" and np.ptp(values) == 0 and np.isfinite(statistic(values)):
        return 0.0, 0.0, np.zeros(len(values)), [0.0]  # not the rounding of a logarithm or a mean
    if name == "mad":
        drawn = bootstrap(lambda index: statistic(values[index]), len(values))
        return statistic(values), np.std(drawn, ddof=1), DEVIATIONS[name](values), drawn
    error = jackknife_error(lambda index: statistic(values[index]), len(values))
    return statistic(values), error, DEVIATIONS[name](values), None
