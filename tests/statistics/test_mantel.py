import numpy as np
import pytest

from degeneracy.statistics import mantel as module
from degeneracy.statistics.mantel import mantel


def distances(points):
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def test_the_correlation_is_that_of_the_pairs():
    one, other = (distances(np.random.default_rng(seed).standard_normal((6, 2))) for seed in (0, 1))
    pairs = np.triu_indices(6, 1)
    assert mantel([one], [other])[0] == pytest.approx(np.corrcoef(one[pairs], other[pairs])[0, 1])


def test_a_metric_and_its_multiple_agree_fully_and_the_p_value_is_the_least():
    matrix = distances(np.random.default_rng(0).standard_normal((10, 3)))
    assert mantel([matrix], [3 * matrix + 1]) == pytest.approx((1, 1e-4), abs=2e-4)


def test_unrelated_metrics_with_an_odd_network_each_raise_few_alarms(monkeypatch):
    """An odd network makes a row of one matrix large: shuffling pairs, not networks, would raise 20%."""
    monkeypatch.setattr(module, "RELABELLINGS", 99)
    generator, alarms = np.random.default_rng(0), 0
    for _ in range(200):
        points = generator.standard_normal((2, 8, 3))
        for each in points:
            each[generator.integers(8)] += 5
        alarms += mantel(*([distances(each)] for each in points))[1] <= 0.05
    assert alarms / 200 <= 0.08


def test_too_few_networks_and_equal_distances_have_none():
    assert np.isnan(mantel([np.ones((3, 3))], [np.ones((3, 3))])).all()
    assert np.isnan(mantel([1.0 - np.eye(5)], [distances(np.eye(5))])).all()


def test_a_trend_over_levels_that_both_share_is_no_correlation_and_pairs_are_adjusted(monkeypatch):
    monkeypatch.setattr(module, "RELABELLINGS", 999)
    generator = np.random.default_rng(1)
    one, other = ([scale * distances(generator.standard_normal((8, 3))) for scale in (1, 10, 100)] for _ in range(2))
    rows = module.table({"b": other, "a": one, "c": [2 * each for each in one]})
    assert [(row["metric"], row["other_metric"]) for row in rows] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert rows[0]["p"] > 0.05 and rows[1]["correlation"] == pytest.approx(1)
    assert rows[1]["holm_p"] == pytest.approx(3 * rows[1]["p"]) and rows[1]["p"] == pytest.approx(1e-3)
