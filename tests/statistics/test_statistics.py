import numpy as np
import pytest
import xarray as xr

from degeneracy.statistics import label_permutation
from degeneracy.statistics.intervals import LEAST_FOR_DISTANCES
from degeneracy.statistics.resampling import RESAMPLES
from degeneracy.statistics.summary import summarise
from degeneracy.statistics.trend import monotone

NAMED = {"long_name": "x", "units": "1"}
SCALAR = {"value": ("loss", "1")}


def scalar(values, status=None):
    status = np.ones(len(values), np.int8) if status is None else np.array(status, np.int8)
    return xr.Dataset({"value": ("network", np.array(values, float)), "status": ("network", status)})


def pairwise(matrix):
    status = np.ones(len(matrix), np.int8)
    return xr.Dataset({"distance": (("network", "network_other"), matrix), "status": ("network", status)})


def distances(generator, count):
    points = generator.standard_normal((count, 3))
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


@pytest.mark.parametrize("values", [[27] * 8 + [25, 26], [0.001] * 3 + [0.0012] * 3 + [0.1] * 4])
def test_median_absolute_deviation_has_the_interval_of_the_percentiles_of_its_bootstrap(values):
    data = summarise([1], [scalar(values)], 0.95, SCALAR).sel(level=1, measure="mad")
    x = np.array(values, float)
    resampled = x[np.random.default_rng([0, 0]).integers(10, size=(RESAMPLES, 10))]
    drawn = np.median(np.abs(resampled - np.median(resampled, axis=1, keepdims=True)), axis=1)
    low, high = np.quantile(drawn, [0.5 - 0.95 / 2, 0.5 + 0.95 / 2])
    assert (data["interval_low"], data["interval_high"]) == (low, high) and data["standard_error"] == drawn.std(ddof=1)
    assert low <= data["degeneracy"] < high < np.ptp(values)


def test_scalar_spreads_are_what_they_are_called():
    values = np.array([1.0, 2.0, 4.0, 8.0])
    data = summarise([1], [scalar(values)], 0.95, SCALAR)["degeneracy"].sel(level=1)
    assert data.sel(measure="sd") == pytest.approx(np.std(values))
    assert data.sel(measure="log_sd") == pytest.approx(np.std(np.log(values)))
    assert data.sel(measure="cv") == pytest.approx(np.std(values) / 3.75)
    assert data.sel(measure="mad") == pytest.approx(1.5)  # deviations from 3: 2, 1, 1, 5


def test_a_population_generalises_if_its_loss_out_of_distribution_is_less_than_twice_that_on_the_probe():
    far, near = scalar([4.0, 6.0, 8.0]), scalar([1.0, 3.0, 8.0, 1e9], [1, 1, 1, 0])
    far["probe_loss"], near["probe_loss"] = ("network", [2.0, 1.0, 1.0]), ("network", [2.0, 2.0, 4.0, 1.0])
    data = summarise([1, 2], [far, near], 0.95, SCALAR)
    ratios = [data[f"ood_over_probe{end}"].values.tolist() for end in ("", "_lowest", "_highest")]
    assert ratios == [[6, 1.5], [2, 0.5], [8, 2]]
    assert str(data["remark"].values[0]).startswith("generalises at 2: the median OOD loss is 1.5 × the probe loss")
    both = summarise(["a", "b"], [near, near], 0.95, SCALAR)["remark"].values
    assert all(str(one).startswith("generalises: the median OOD loss is 1.5 × the probe loss") for one in both)
    assert "generalises" not in str(summarise([1, 2], [far, far], 0.95, SCALAR)["remark"].values[0])
    assert "ood_over_probe" not in summarise([1], [scalar([1, 2])], 0.95, SCALAR)


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
    floor = ("network", np.array([0.1, 0.3, 9.0]))
    data = xr.Dataset({**variables, "floor": floor, "status": ("network", np.array([1, 1, 0], np.int8))})
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
    for name in ("trend", "trend_low", "trend_high", "percent_low", "trend_permutation_p"):
        assert up[name].item() == mixed[name].item()
    assert up["trend"] > 0 and up["trend_permutation_p"] < 0.01


def test_an_interval_ends_where_the_range_of_the_metric_does():
    matrix = distances(np.random.default_rng(0), LEAST_FOR_DISTANCES)
    data = pairwise(matrix).assign(other=(("network", "network_other"), matrix))
    described = {"distance": ("d", "1"), "other": ("o", "1")}
    high = summarise([1], [data], 0.95, described, {"distance": (0, 2.2)})["interval_high"].sel(level=1)
    assert high.sel(measure="distance") == 2.2 < high.sel(measure="other")  # which has no range
    values = scalar(np.arange(1.0, 13))
    free, held = (summarise([1], [values], 0.95, SCALAR, ranges) for ranges in (None, {"value": (5, None)}))
    low = [each["interval_low"].sel(level=1, measure="mean").item() for each in (free, held)]
    assert low[0] < 5 == low[1]
    assert free.sel(measure=["sd", "cv", "mad", "log_sd"]).equals(held.sel(measure=["sd", "cv", "mad", "log_sd"]))


def test_networks_that_are_all_alike_have_no_spread_and_an_exact_trend():
    data = [scalar(np.full(9, 9.0)), scalar(np.full(9, 27.0)), scalar(np.full(9, 81.0))]
    result = summarise([2, 3, 4], data, 0.95, SCALAR)
    spreads = result.sel(measure=["sd", "log_sd", "cv", "mad"])
    assert np.all(spreads["degeneracy"] == 0) and np.all(spreads["contribution"] == 0)
    assert np.all(spreads["trend"] == 0) and np.all(spreads["trend_permutation_p"] == 1)
    mean = result.sel(measure="mean")
    assert mean["trend_low"] == mean["trend"] == mean["trend_high"] == 72
    assert mean["trend_permutation_p"] == pytest.approx(1e-4)


def test_a_mean_distance_has_an_interval_from_as_many_networks_as_show_an_odd_tenth():
    few, enough = (pairwise(distances(np.random.default_rng(0), LEAST_FOR_DISTANCES - less)) for less in (1, 0))
    data = summarise([1, 2], [few, enough], 0.95, {"distance": ("d", "1")}).squeeze("measure")
    assert data["interval_low"].isnull().values.tolist() == [True, False]
    assert data["interval_low"][1] < data["degeneracy"][1] < data["interval_high"][1]
    assert "no interval of a level with fewer than 29 networks" in data["remark"].item()
    assert np.isfinite(data["percent_low"])  # of the change
    assert 0.9 ** (LEAST_FOR_DISTANCES - 1) > 0.05 > 0.9**LEAST_FOR_DISTANCES


def test_an_sd_has_an_interval_from_as_many_networks_as_a_mean_distance():
    drawn = np.random.default_rng(0).random(LEAST_FOR_DISTANCES)
    data = summarise([1, 2], [scalar(drawn[1:]), scalar(drawn)], 0.95, SCALAR)
    missing = {name: data["interval_low"].sel(measure=name).isnull().values.tolist() for name in data.measure.values}
    assert missing == {"sd": [True, False], "log_sd": [True, False], "cv": [True, False]} | {
        name: [False, False] for name in ("mad", "mean")
    }
    given = data["remark"].str.contains("no interval of a level with fewer than 29 networks")
    assert given.values.tolist() == [all_missing[0] for all_missing in missing.values()]


def test_percent_is_the_ratio_of_the_last_level_to_the_first_and_of_none_that_is_not_positive():
    generator = np.random.default_rng(0)
    data = [scalar(10 + 2 * level + generator.standard_normal(9)) for level in range(3)]
    result = summarise([1, 2, 3], data, 0.95, SCALAR).sel(measure="mean")
    first, _, last = result["degeneracy"].values
    assert result["percent"] == pytest.approx(100 * (last / first - 1))
    assert result["percent_low"] < result["percent"] < result["percent_high"]
    shifted = [one.assign(value=one["value"] - 11) for one in data]
    result = summarise([1, 2, 3], shifted, 0.95, SCALAR).sel(measure="mean")
    assert np.isnan(result["percent"]) and result["trend"] == pytest.approx(last - first)


def test_the_test_sees_the_networks_used_in_the_order_of_the_trend(monkeypatch):
    generator = np.random.default_rng(0)
    matrix = distances(generator, 21)
    data = [pairwise(matrix[first : first + 7, first : first + 7]) for first in (0, 7, 14)]
    data[0]["status"][2] = 0  # not converged
    across, described = xr.Dataset({"distance": (("network", "network_other"), matrix)}), {"distance": ("d", "1")}
    result = summarise([4, 1, 2], data, 0.95, described, across=across)
    assert (
        result["test"].item() == "networks, deviations and contributions"
        and 0 < result["trend_permutation_p"].item() <= 1
    )
    within = summarise([4, 1, 2], data, 0.95, described)
    assert (
        within["test"].item() == "deviations and contributions"
        and "assumes that few networks are odd" in within["remark"].item()
    )
    seen = []
    monkeypatch.setattr(label_permutation, "of_distances", lambda *given: seen.append(given) or [])
    summarise([4, 1, 2], data, 0.95, described, across=across)
    order = [*range(7, 21), 0, 1, 3, 4, 5, 6]
    assert np.array_equal(seen[0][1], matrix[np.ix_(order, order)])
    assert np.array_equal(seen[0][0][2], matrix[np.ix_(order[14:], order[14:])])


@pytest.mark.parametrize(
    ("means", "said"), [([1, 2, 3], "yes"), ([3, 2, 1], "yes"), ([1, 5, 3], "no"), ([1, 1, 3], "unclear"), ([1, 3], "")]
)
def test_whether_the_levels_between_lie_between_the_first_and_the_last(means, said):
    resamples = np.array(means)[:, None] + 0.1 * np.random.default_rng(0).standard_normal((len(means), 999))
    assert monotone(resamples, 0.95) == said
    assert monotone(np.full((3, 999), np.nan), 0.95) == ""
