import numpy as np
import pytest
import xarray as xr
from scipy import stats

from degeneracy.statistics.intervals import bootstrap_interval, interval, jackknife_error
from degeneracy.statistics.spreads import mean_pairwise_distance
from degeneracy.statistics.summary import summarise
from degeneracy.statistics.trend import trend

NAMED = {"long_name": "x", "units": "1"}
SCALAR = {"value": ("loss", "1")}


def scalar(values, status=None):
    status = np.ones(len(values), np.int8) if status is None else np.array(status, np.int8)
    return xr.Dataset({"value": ("network", np.array(values, float)), "status": ("network", status)})


def pairwise(matrix):
    status = np.ones(len(matrix), np.int8)
    return xr.Dataset({"distance": (("network", "network_other"), matrix), "status": ("network", status)})


def test_jackknife_of_the_mean_is_the_standard_error():
    values = np.random.default_rng(0).standard_normal(20)
    error = jackknife_error(lambda index: values[index].mean(), 20)
    assert error == pytest.approx(stats.sem(values))


def distances(generator, count):
    points = generator.standard_normal((count, 3))
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def test_jackknife_of_the_mean_distance_covers_and_the_independent_pairs_error_does_not():
    generator = np.random.default_rng(1)
    count, repeats = 15, 400
    truth = 4 / np.sqrt(np.pi)  # mean distance of two standard normal points in three dimensions
    covered = {"jackknife": 0, "pairs": 0}
    for _ in range(repeats):
        matrix = distances(generator, count)
        estimate = mean_pairwise_distance(matrix)
        error = jackknife_error(lambda index, m=matrix: mean_pairwise_distance(m[np.ix_(index, index)]), count)
        naive = stats.sem(matrix[np.triu_indices(count, 1)])
        covered["jackknife"] += abs(estimate - truth) < stats.t.ppf(0.975, count - 1) * error
        covered["pairs"] += abs(estimate - truth) < 1.96 * naive
    assert 0.92 < covered["jackknife"] / repeats < 0.99
    assert covered["pairs"] / repeats < 0.8


def test_bootstrap_error_of_the_mean_and_its_repeatability():
    values = np.random.default_rng(0).standard_normal(40)
    error, low, high = bootstrap_interval(values, np.mean, 0.95)
    assert error == pytest.approx(stats.sem(values), rel=0.1)
    assert (error, low, high) == bootstrap_interval(values, np.mean, 0.95) and low < values.mean() < high


@pytest.mark.parametrize("values", [[27] * 8 + [25, 26], [0.001] * 3 + [0.0012] * 3 + [0.1] * 4])
def test_median_absolute_deviation_has_the_interval_of_the_percentiles_of_its_bootstrap(values):
    data = summarise([1], [scalar(values)], 0.95, SCALAR).sel(level=1, measure="mad")
    x = np.array(values, float)
    resampled = x[np.random.default_rng(0).integers(10, size=(2000, 10))]
    drawn = np.median(np.abs(resampled - np.median(resampled, axis=1, keepdims=True)), axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert (data["interval_low"], data["interval_high"]) == (low, high) and data["standard_error"] == drawn.std(ddof=1)
    assert low <= data["degeneracy"] < high < np.ptp(values)


def test_scalar_spreads_are_what_they_are_called():
    values = np.array([1.0, 2.0, 4.0, 8.0])
    data = summarise([1], [scalar(values)], 0.95, SCALAR)["degeneracy"].sel(level=1)
    assert data.sel(measure="sd") == pytest.approx(np.std(values))
    assert data.sel(measure="log_sd") == pytest.approx(np.std(np.log(values)))
    assert data.sel(measure="cv") == pytest.approx(np.std(values) / 3.75)
    assert data.sel(measure="mad") == pytest.approx(1.5)  # deviations from 3: 2, 1, 1, 5


def test_measures_have_the_unit_of_the_metric_or_none():
    values = scalar([1.0, 2.0, 4.0, 8.0])
    data = summarise([1], [values], 0.95, {"value": ("loss", "V")})
    assert dict(zip(data["measure"].values, data["measure_unit"].values, strict=True)) == {
        "sd": "V",
        "log_sd": "1",
        "cv": "1",
        "mad": "V",
        "mean": "V",
    }
    matrix = pairwise(np.ones((3, 3)))
    pairs = matrix.assign(angular=matrix["distance"])
    data = summarise([1], [pairs], 0.95, {"distance": ("d", "1"), "angular": ("a", "rad")})
    assert data["measure_unit"].values.tolist() == ["1", "rad"]


def test_spread_of_the_log_does_not_change_with_the_unit_but_the_sd_does():
    values = np.random.default_rng(0).lognormal(size=30)
    small, large = (summarise([1], [scalar(each)], 0.95, SCALAR)["degeneracy"][0] for each in (values, 10 * values))
    for measure in ("log_sd", "cv"):
        assert small.sel(measure=measure) == pytest.approx(large.sel(measure=measure).item())
    assert large.sel(measure="sd") == pytest.approx(10 * small.sel(measure="sd").item())


def test_networks_that_did_not_learn_the_task_are_counted_and_not_used():
    values = [1.0, 2.0, 3.0, 100.0, np.nan]
    data = summarise(["a"], [scalar(values, [1, 1, 1, 0, 2])], 0.95, SCALAR)
    assert data["degeneracy"].sel(measure="mean").item() == 2
    counted = [data[name].item() for name in ("n_networks", "n_used", "n_not_converged", "n_diverged")]
    assert counted == [5, 3, 1, 1]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_networks_have_no_interval_and_no_trend(count):
    few = scalar(np.arange(5.0) + 1, [1] * count + [0] * (5 - count))
    data = summarise([1, 2], [few, scalar(np.arange(5.0) + 1)], 0.95, SCALAR)
    assert np.isnan(data["standard_error"][0]).all() and np.isnan(data["trend"]).all()
    assert np.isfinite(data["standard_error"][1]).all()


def test_contribution_of_a_network_is_its_mean_distance_to_the_others():
    matrix = np.array([[0, 1, 3], [1, 0, 2], [3, 2, 0.0]])
    data = summarise([1], [pairwise(matrix)], 0.95, {"distance": ("d", "1")})
    assert data["degeneracy"].item() == 2
    assert data["contribution"].values.ravel().tolist() == [2, 1.5, 2.5]
    alone = pairwise(matrix).assign(status=("network", np.array([0, 1, 0], np.int8)))
    data = summarise([1], [alone], 0.95, {"distance": ("d", "1")})
    assert data["contribution"].isnull().all() and data["degeneracy"].isnull().all()


def test_trend_is_the_change_over_the_levels_with_the_right_false_alarm_rate():
    theta, error, counts = np.array([[1.0], [2.0], [3.0]]), np.full((3, 1), 0.1), np.array([9, 9, 9])
    change, spread, _, p = trend(theta, error, counts)
    assert change.item() == pytest.approx(2) and spread.item() == pytest.approx(0.1 * np.sqrt(2)) and p.item() < 1e-5
    generator = np.random.default_rng(0)
    estimates = {"mean": np.mean, "sd": np.std}
    alarms = {name: 0 for name in estimates}
    for _ in range(400):
        levels = generator.normal(5, 1, (3, 9))
        for name, estimate in estimates.items():
            theta = np.array([[estimate(x)] for x in levels])
            error = np.array([[jackknife_error(lambda index, x=x, e=estimate: e(x[index]), 9)] for x in levels])
            alarms[name] += trend(theta, error, counts)[3].item() < 0.05
    assert all(0.02 < count / 400 < 0.08 for count in alarms.values()), alarms


@pytest.mark.parametrize("count", range(2, 12))
def test_levels_that_are_all_alike_have_no_trend(count):
    theta = np.tile([0.1, 27.0], (count, 1))
    change, error, _, p = trend(theta, np.zeros_like(theta), np.full(count, 10))
    assert np.all(change == 0) and np.all(error == 0) and np.all(p == 1)


def test_interval_of_a_mean_is_that_of_student_and_of_a_spread_that_of_its_logarithm():
    values = np.random.default_rng(0).lognormal(size=7)
    data = summarise([1], [scalar(values)], 0.9, SCALAR).sel(level=1)
    mean, sd = data.sel(measure="mean"), data.sel(measure="sd")
    expected = stats.t.interval(0.9, 6, values.mean(), stats.sem(values))
    assert [mean["interval_low"], mean["interval_high"]] == pytest.approx(expected)
    ratio = np.exp(stats.t.ppf(0.95, 6) * sd["standard_error"] / sd["degeneracy"])
    assert sd["interval_low"] * ratio == pytest.approx(sd["degeneracy"]) == sd["interval_high"] / ratio


@pytest.mark.parametrize("levels", [[2, 8], [8, 2]])
def test_trend_of_two_means_is_the_test_of_welch(levels):
    generator = np.random.default_rng(0)
    values = {2: generator.normal(0, 1, 5), 8: generator.normal(1, 3, 12)}
    data = summarise(levels, [scalar(values[level]) for level in levels], 0.9, SCALAR).sel(measure="mean")
    expected = stats.ttest_ind(values[8], values[2], equal_var=False)
    low, high = expected.confidence_interval(0.9)
    assert [data["trend_low"], data["trend_high"], data["trend_p"]] == pytest.approx([low, high, expected.pvalue])


def test_jackknife_error_is_that_of_the_formula():
    values = np.random.default_rng(0).lognormal(size=6)
    left_out = [np.std(np.delete(values, index)) for index in range(6)]
    expected = np.sqrt(5 / 6 * np.sum((left_out - np.mean(left_out)) ** 2))
    assert jackknife_error(lambda index: np.std(values[index]), 6) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("sd", [2.75, 1.75, 0.25, 4.25]),
        ("log_sd", np.log(2) * np.array([1.5, 0.5, 0.5, 1.5])),
        ("cv", np.array([2.75, 1.75, 0.25, 4.25]) / 3.75),
        ("mad", [2, 1, 1, 5]),
        ("mean", [1, 2, 4, 8]),
    ],
)
def test_contribution_to_a_spread_is_the_distance_from_its_centre(measure, expected):
    data = summarise([1], [scalar([1.0, 2.0, 4.0, 8.0])], 0.95, SCALAR)
    assert data["contribution"].sel(level=1, measure=measure).values == pytest.approx(expected)


def test_references_are_means_over_the_networks_that_are_used():
    matrix = np.array([[0, 1, 9], [1, 0, 9], [9, 9, 0.0]])
    variables = {name: (("network", "network_other"), matrix) for name in ("distance", "lower_bound")}
    null = ("network", np.array([0.1, 0.3, 9.0]))
    data = xr.Dataset({**variables, "null": null, "status": ("network", np.array([1, 1, 0], np.int8))})
    result = summarise([1], [data], 0.95, {"distance": ("d", "1")})
    assert [result[name].item() for name in ("degeneracy", "bound", "floor")] == pytest.approx([1, 1, 0.2])


def test_more_than_two_levels_that_have_no_order_have_no_trend():
    data = [scalar(np.arange(5.0) + 1), scalar(np.arange(5.0) + 2), scalar(np.arange(5.0) + 3)]
    without = summarise(["relu", "tanh", "elu"], data, 0.95, SCALAR)
    assert without["trend"].isnull().all() and without["trend_permutation_p"].isnull().all()
    within = summarise([1, 2, 3], data, 0.95, SCALAR)
    assert within["trend"].notnull().all() and within["trend_permutation_p"].notnull().all()


@pytest.mark.parametrize(
    ("levels", "change"), [([8, 2], -3), ([2, 8], 3), (["tanh", "relu"], 3), ([False, True], 3), ([True, False], -3)]
)
def test_a_trend_goes_up_the_numbers_and_along_two_levels_of_any_type(levels, change):
    data = [scalar(np.arange(5.0)), scalar(np.arange(5.0) + 3)]
    result = summarise(levels, data, 0.95, SCALAR).sel(measure="mean")
    assert result["trend"] == pytest.approx(change) and result["trend_permutation_p"] < 0.05


def test_levels_listed_in_another_order_have_the_same_trend_and_p():
    generator = np.random.default_rng(0)
    data = {level: pairwise(level * distances(generator, 6)) for level in (2, 4, 8)}
    up, mixed = (
        summarise(levels, [data[level] for level in levels], 0.95, {"distance": ("d", "1")})
        for levels in ([2, 4, 8], [8, 2, 4])
    )
    for name in ("trend", "trend_low", "trend_high", "trend_p", "trend_permutation_p"):
        assert up[name].item() == mixed[name].item()
    assert up["trend"] > 0 and up["trend_permutation_p"] < 0.01


def test_interval_of_a_positive_measure_stays_positive():
    low, high = interval(
        np.array([[0.1, 0.1]]), np.array([[0.09, 0.09]]), np.array([[9]]), 0.95, np.array([True, False])
    )
    assert 0 < low[0, 0] < 0.1 < high[0, 0] and low[0, 1] < 0


@pytest.mark.parametrize(
    ("theta", "error", "low", "high"), [(0.0, 0.0, 0, 0), (0.0, 1.0, 0, 2.262), (-2.0, 1.0, -4.262, 0.262)]
)
def test_interval_of_a_spread_without_a_logarithm(theta, error, low, high):
    ends = interval(np.array([[theta]]), np.array([[error]]), np.array([[9]]), 0.95, np.array([True]))
    assert [end.item() for end in ends] == pytest.approx([low, high], abs=1e-3)


def test_an_interval_ends_where_the_range_of_the_metric_does():
    matrix = np.minimum(2 * distances(np.random.default_rng(0), 4), 2.0)
    data = pairwise(matrix).assign(other=(("network", "network_other"), matrix))
    described = {"distance": ("d", "1"), "other": ("o", "1")}
    high = summarise([1], [data], 0.95, described, {"distance": (0, 2)})["interval_high"].sel(level=1)
    assert high.sel(measure="distance") == 2 < high.sel(measure="other")  # which has no range
    values = scalar([0.1, 0.1, 0.1, 2.0])
    free, held = (summarise([1], [values], 0.95, SCALAR, ranges) for ranges in (None, {"value": (0, None)}))
    low = [each["interval_low"].sel(level=1, measure="mean").item() for each in (free, held)]
    assert low[0] < 0 == low[1]
    assert free.sel(measure=["sd", "cv", "mad", "log_sd"]).equals(held.sel(measure=["sd", "cv", "mad", "log_sd"]))


def test_networks_that_are_all_alike_have_no_spread_and_an_exact_trend():
    data = [scalar(np.full(9, 9.0)), scalar(np.full(9, 27.0)), scalar(np.full(9, 81.0))]
    result = summarise([2, 3, 4], data, 0.95, SCALAR)
    spreads = result.sel(measure=["sd", "log_sd", "cv", "mad"])
    assert (
        np.all(spreads["degeneracy"] == 0) and np.all(spreads["contribution"] == 0) and np.all(spreads["trend_p"] == 1)
    )
    assert np.all(spreads["trend_permutation_p"] == 1)
    mean = result.sel(measure="mean")
    assert mean["trend_low"] == mean["trend"] == mean["trend_high"] == 72 and mean["trend_p"] == 0
    assert mean["trend_permutation_p"] == pytest.approx(1e-4)
