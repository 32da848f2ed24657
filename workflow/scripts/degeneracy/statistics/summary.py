"""Degeneracy of populations, with intervals that respect that pairs of networks are not independent."""

from collections.abc import Callable

import numpy as np
import xarray as xr
from scipy.special import stdtr, stdtrit

from degeneracy.status import CONVERGED, DIVERGED
from degeneracy.trend_test import permutation_p, pseudo_values, scalar_values, trend_weights

RESAMPLES = 2000
# Spreads of a scalar metric. The mean is no spread; it stands beside them because they are confounded with it.
SPREADS: dict[str, tuple[str, Callable]] = {
    "sd": ("SD", lambda x: np.sqrt(np.mean(np.square(x - x.mean())))),  # 1/N, as in the paper
    "log_sd": ("SD of log", lambda x: np.std(np.log(x)) if np.all(x > 0) else np.nan),
    "cv": ("coefficient of variation", lambda x: np.std(x) / np.mean(x) if np.mean(x) else np.nan),
    "mad": ("median absolute deviation", lambda x: np.median(np.abs(x - np.median(x)))),
    "mean": ("mean", np.mean),
}
WITHOUT_UNIT = ("log_sd", "cv")  # whatever the unit of the metric
DEVIATIONS: dict[str, Callable] = {
    "sd": lambda x: np.abs(x - x.mean()),
    "log_sd": lambda x: np.abs(np.log(x) - np.log(x).mean()) if np.all(x > 0) else np.full(len(x), np.nan),
    "cv": lambda x: np.abs(x - x.mean()) / x.mean() if x.mean() else np.full(len(x), np.nan),
    "mad": lambda x: np.abs(x - np.median(x)),
    "mean": lambda x: x,
}


def mean_pairwise_distance(distance: np.ndarray) -> float:
    """Mean over pairs i < j of a distance matrix (network, network); NaN for fewer than two networks."""
    count = len(distance)
    return float(distance[np.triu_indices(count, 1)].mean()) if count > 1 else np.nan


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
        used = np.flatnonzero(status == CONVERGED)
        counts["n_networks"][row], counts["n_used"][row] = len(status), len(used)
        counts["n_diverged"][row] = (status == DIVERGED).sum()
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
    unit = {"units": "units of the measure"}
    data = xr.Dataset(
        {
            "degeneracy": (("level", "measure"), theta, {"long_name": "mean pairwise distance or spread"} | unit),
            "standard_error": (
                ("level", "measure"),
                error,
                {"long_name": "standard error by the network jackknife (mad: bootstrap)"} | unit,
            ),
            "interval_low": (("level", "measure"), low, {"long_name": "lower end of the interval"} | unit),
            "interval_high": (("level", "measure"), high, {"long_name": "upper end of the interval"} | unit),
            "contribution": (
                ("level", "measure", "network"),
                contribution,
                {"long_name": "share of each network"} | unit,
            ),
            **{
                key: (("level", "measure"), references[key], {"long_name": text} | unit)
                for key, text in {
                    "floor": "mean distance of a network from itself",
                    "ceiling": "mean distance before training",
                    "bound": "mean of the proven lower bounds of the distances",
                }.items()
            },
            "trend": ("measure", change, {"long_name": "fitted change from the first to the last level"} | unit),
            "trend_error": ("measure", change_error, {"long_name": "standard error of the trend"} | unit),
            "trend_low": ("measure", change - half_change, {"long_name": "lower end of the trend's interval"} | unit),
            "trend_high": ("measure", change + half_change, {"long_name": "upper end of the trend's interval"} | unit),
            "trend_p": ("measure", p, {"long_name": "two-sided p-value of no trend", "units": "1"}),
            "trend_permutation_p": (
                "measure",
                np.array(permuted),
                {"long_name": "two-sided p-value of no trend by permuting the labels of networks", "units": "1"},
            ),
            **{
                name: ("level", values, {"long_name": name.replace("n_", "networks "), "units": "1"})
                for name, values in counts.items()
            },
        },
        coords={
            "level": levels,
            "measure": measures,
            "measure_name": ("measure", names),
            "measure_unit": ("measure", units_of, {"long_name": "unit of the measure", "units": "1"}),
        },
    )
    if all("complete" in one for one in metrics):
        incomplete = [int(np.sum(one["complete"].values[one["status"].values == CONVERGED] == 0)) for one in metrics]
        named = {"long_name": "networks used of which the metric is known to be incomplete", "units": "1"}
        data["n_incomplete"] = ("level", np.array(incomplete, np.int32), named)
    return data


def trend_order(levels: list) -> list[int]:
    """Places of the levels along a trend: numbers from the smallest to the largest, false before true.

    Two levels of another type have the order in which they were given; more have none, and the list is empty.
    """
    if all(isinstance(level, int | float) for level in levels):
        return sorted(range(len(levels)), key=lambda place: levels[place])
    return [0, 1] if len(levels) == 2 else []


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


def trend(theta: np.ndarray, error: np.ndarray, counts: np.ndarray):
    """Fitted change from the first to the last level (measure), its standard error, degrees of freedom and p-value.

    Least-squares slope over equally spaced levels; its error propagates the levels' own standard errors, with the
    degrees of freedom of Welch and Satterthwaite.
    # ASSUME: levels are independent. Levels that differ in training alone start from the same weights seed by seed;
    # if that makes them alike, the interval is wider than it need be.
    NaN unless there are at least two levels and every one has at least three networks.
    """
    if len(theta) < 2 or np.any(counts < 3):
        return (np.full(theta.shape[1], np.nan),) * 4
    weight = trend_weights(len(theta))[:, None]
    change = np.sum(weight * (theta - theta[0]), 0)  # levels that are equal change by 0, whatever the weights round to
    parts = (weight * error) ** 2  # variance each level adds (level, measure)
    variance = parts.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = variance**2 / np.sum(parts**2 / (counts[:, None] - 1), 0)
        freedom = np.where(variance > 0, freedom, 1.0)  # without variance the change is exact, whatever the freedom
        p = np.where(change == 0, 1.0, 2 * stdtr(freedom, -np.abs(change) / np.sqrt(variance)))
    return change, np.sqrt(variance), freedom, p
