import numpy as np
import pytest
import xarray as xr

from degeneracy.statistics import mantel as module
from degeneracy.statistics.mantel import mantel
from degeneracy.status import Status


def distances(points):
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def test_the_correlation_is_that_of_the_pairs():
    one, other = (distances(np.random.default_rng(seed).standard_normal((6, 2))) for seed in (0, 1))
    pairs = np.triu_indices(6, 1)
    assert mantel([one], [other]).correlation == pytest.approx(np.corrcoef(one[pairs], other[pairs])[0, 1])


def test_a_metric_and_its_multiple_agree_fully_and_the_p_value_is_the_least():
    matrix = distances(np.random.default_rng(0).standard_normal((10, 3)))
    found = mantel([matrix], [3 * matrix + 1])
    assert (found.correlation, found.low, found.p) == pytest.approx((1, 1, 1e-4), abs=2e-4)


def test_unrelated_metrics_with_an_odd_network_each_raise_few_alarms(monkeypatch):
    """An odd network makes a row of one matrix large: shuffling pairs, not networks, would raise 20%."""
    monkeypatch.setattr(module, "RELABELLINGS", 99)
    generator, alarms = np.random.default_rng(0), 0
    for _ in range(200):
        points = generator.standard_normal((2, 8, 3))
        for each in points:
            each[generator.integers(8)] += 5
        alarms += mantel(*([distances(each)] for each in points)).p <= 0.05
    assert alarms / 200 <= 0.08


def test_what_cannot_be_compared_is_left_out_and_nan_if_nothing_is_left():
    one, other = (distances(np.random.default_rng(seed).standard_normal((6, 2))) for seed in (0, 1))
    whole = mantel([one], [other])
    lost = np.full((7, 7), np.nan)
    lost[1:, 1:] = one
    more = distances(np.random.default_rng(2).standard_normal((7, 2)))
    more[1:, 1:] = other
    few, equal = np.ones((3, 3)), 1 - np.eye(5)
    assert mantel([lost, few, equal, None], [more, few, distances(np.eye(5)), other]) == whole
    assert np.isnan(mantel([few, equal, None], [few, distances(np.eye(5)), other]).correlation)


def test_the_interval_is_that_of_leaving_out_networks():
    generator = np.random.default_rng(3)
    shared = generator.standard_normal((2, 8, 3))
    one, other = ([distances(each + generator.standard_normal((8, 3))) for each in shared] for _ in range(2))
    found, left_out = mantel(one, other), []
    for level, network in np.ndindex(2, 8):
        some = [
            [np.delete(np.delete(x, network, 0), network, 1) if i == level else x for i, x in enumerate(both)]
            for both in (one, other)
        ]
        left_out.append(mantel(*some).correlation)
    error = np.sqrt(7 / 8 * sum(np.square(each - each.mean()).sum() for each in np.reshape(left_out, (2, 8))))
    assert np.arctanh(found.high) - np.arctanh(found.correlation) == pytest.approx(
        2.145 * error / (1 - found.correlation**2), rel=1e-3
    )  # Student's t of 14 degrees of freedom


def test_values_of_networks_are_compared_by_how_far_they_differ():
    data = xr.Dataset({"value": ("network", [1.0, 4.0, np.nan, 2.0]), "status": ("network", [0, 0, 0, 1])})
    data["status"][:] = [Status.CONVERGED] * 3 + [Status.NOT_CONVERGED]
    np.testing.assert_array_equal(module.of_converged(data), [[0, 3, np.nan], [3, 0, np.nan], [np.nan] * 3])


def test_a_trend_over_levels_that_both_share_is_no_correlation_and_pairs_are_adjusted(monkeypatch):
    monkeypatch.setattr(module, "RELABELLINGS", 999)
    generator = np.random.default_rng(1)
    one, other = ([scale * distances(generator.standard_normal((8, 3))) for scale in (1, 10, 100)] for _ in range(2))
    rows = module.table({"b": other, "a": one, "c": [2 * each for each in one]})
    assert [(row["metric"], row["other_metric"]) for row in rows] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert rows[0]["n_networks"] == 24 and rows[0]["p"] > 0.05 and rows[1]["correlation"] == pytest.approx(1)
    assert rows[1]["holm_p"] == pytest.approx(3 * rows[1]["p"]) and rows[1]["p"] == pytest.approx(1e-3)
