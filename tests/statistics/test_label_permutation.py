from functools import partial
from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import minimize

from degeneracy.statistics import label_permutation
from degeneracy.statistics.label_permutation import (
    contributions,
    from_spatial_median,
    of_distances,
    of_values,
    permutation_p,
    shortest_half_mean,
)
from degeneracy.statistics.resampling import mean_distances
from degeneracy.statistics.spreads import SPREADS, mean_pairwise_distance

MEASURES = tuple(SPREADS)


def distances(points):
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def p_of(levels, measure):
    """The p-value of a trend of a measure over levels of values."""
    return permutation_p(list(map(len, levels)), of_values(levels, SPREADS[measure]))


def p_of_points(levels, across=True):
    """The p-value of a trend of the mean distance over levels of points."""
    everyone = distances(np.concatenate(levels)) if across else None
    return permutation_p(list(map(len, levels)), of_distances([distances(level) for level in levels], everyone))


def test_p_of_a_small_sweep_is_the_share_of_all_relabellings():
    assert p_of([np.array([0.0, 1.0, 2.0]), np.array([3.0, 4.0, 5.5])], "mean") == pytest.approx(2 / 20)

    generator = np.random.default_rng(0)
    levels = [generator.standard_normal(3) for _ in range(2)]

    def studentised(a, b):
        return abs(b.mean() - a.mean()) / np.sqrt(a.var(ddof=1) / 3 + b.var(ddof=1) / 3)

    pooled = np.concatenate(levels)
    every = [studentised(pooled[list(order[:3])], pooled[list(order[3:])]) for order in permutations(range(6))]
    expected = np.mean(np.array(every) >= studentised(*levels) * (1 - 1e-9))
    assert p_of(levels, "mean") == pytest.approx(expected)


def test_networks_are_exchanged_over_the_whole_matrix():
    matrix = distances(np.random.default_rng(3).standard_normal((6, 2)))

    def studentised(order):
        counts = np.array([np.isin(np.arange(6), group) for group in (order[:3], order[3:])], float)
        theta, error = mean_distances(counts, matrix)
        return abs(theta[1] - theta[0]) / np.hypot(*error)

    every = np.array([studentised(np.array(order)) for order in permutations(range(6))])
    expected = np.mean(every >= studentised(np.arange(6)) * (1 - 1e-9))
    assert permutation_p([3, 3], [partial(mean_distances, distance=matrix)]) == pytest.approx(expected)


def test_all_relabellings_are_enumerated_where_they_are_few_and_the_same_are_drawn_where_they_are_many():
    generator = np.random.default_rng(0)
    few, many = ([generator.standard_normal(size) for _ in range(2)] for size in (5, 20))
    p = p_of(few, "mean")
    assert p * 252 == pytest.approx(round(p * 252))  # 10! / (5! 5!)
    p = p_of(many, "mean")
    assert p * 10_000 == pytest.approx(round(p * 10_000)) and p == p_of(many, "mean")


def test_the_spatial_median_has_the_least_sum_of_distances_and_an_odd_network_hardly_moves_it():
    points = np.random.default_rng(0).standard_normal((9, 2))
    found = from_spatial_median(distances(points))
    best = minimize(lambda centre: np.linalg.norm(points - centre, axis=1).sum(), points.mean(0)).fun
    assert found.sum() == pytest.approx(best, rel=0.02)
    far = from_spatial_median(distances(np.concatenate([points[:8], [[1000, 0]]])))
    assert far[:8].max() < 4 and far[8] == pytest.approx(1000, rel=0.01)
    assert from_spatial_median(np.zeros((4, 4))).tolist() == [0] * 4


def test_a_network_near_all_others_is_not_the_centre():
    generator = np.random.default_rng(0)
    plain = 0.1 + 0.02 * np.abs(generator.standard_normal((8, 8)))
    plain = (plain + plain.T) / 2 * (1 - np.eye(8))
    hub = plain.copy()
    hub[0, 1:] = hub[1:, 0] = 0.035
    assert from_spatial_median(hub)[1:].mean() > 0.75 * from_spatial_median(plain)[1:].mean()


def test_contributions_are_what_the_jackknife_says():
    matrix = distances(np.random.default_rng(0).standard_normal((7, 3)))
    values = contributions(matrix)
    assert values.mean() == pytest.approx(mean_pairwise_distance(matrix))
    left_out = mean_pairwise_distance(np.delete(np.delete(matrix, 2, 0), 2, 1))
    assert values[2] == pytest.approx(7 * values.mean() - 6 * left_out)
    assert np.isnan(contributions(matrix[:2, :2])).all()


def test_contributions_are_those_of_the_pairs_that_fit():
    added = np.random.default_rng(0).uniform(1, 2, 8)
    matrix = (added[:, None] + added) * ~np.eye(8, dtype=bool)
    odd = np.isin(np.arange(8), (1, 4, 6))
    matrix[np.outer(odd, odd) & ~np.eye(8, dtype=bool)] = 0.5  # three networks that are odd in the same way
    assert contributions(matrix, 1 / 8) == pytest.approx(2 * added, rel=1e-5)
    assert contributions(matrix)[~odd] != pytest.approx(2 * added[~odd], rel=0.01)


def test_a_network_whose_pairs_all_do_not_fit_has_a_contribution():
    generator = np.random.default_rng(0)
    matrix = np.triu(generator.normal(1, 0.01, (24, 24)), 1)
    matrix[0, 1:] = generator.uniform(0, 10, 23)
    found = contributions(matrix + matrix.T, 1 / 8)
    assert found[1:] == pytest.approx(1, abs=0.05) and found[0] / 2 == pytest.approx(
        matrix[0].sum() / 23 - 0.5, rel=0.1
    )


def test_two_odd_networks_among_others_that_are_almost_equally_far_are_no_trend(monkeypatch):
    monkeypatch.setattr(label_permutation, "RELABELLINGS", 99)
    generator, alarms, repeats = np.random.default_rng(0), 0, 60
    for _ in range(repeats):
        matrix = np.triu(generator.normal(1, 0.01, (16, 16)), 1)
        odd = np.isin(np.arange(16), generator.permutation(16)[:2])
        matrix = (matrix + matrix.T) * np.where(odd[:, None] | odd, 3.5, 1)
        levels = [matrix[:8, :8], matrix[8:, 8:]]
        alarms += permutation_p([8, 8], of_distances(levels, None)) <= 0.05
    assert alarms / repeats <= 0.1  # with contributions to all pairs: 0.43


def test_the_mean_of_the_shortest_half_ignores_odd_values_on_one_side():
    assert shortest_half_mean(np.array([0.0, 1, 2, 3, 10, 50, 51])) == 1.5
    assert shortest_half_mean(np.array([50.0, 0.1, 0.2, 60, 0.3, 70, 0.0, 0.4])) == pytest.approx(0.2)


def _direction(generator, dimensions):
    direction = generator.standard_normal(dimensions)
    return direction / np.linalg.norm(direction)


@pytest.mark.parametrize("across", [True, False])
def test_three_odd_networks_of_sixteen_are_no_trend(across, monkeypatch):
    monkeypatch.setattr(label_permutation, "RELABELLINGS", 99)
    generator, alarms, repeats = np.random.default_rng(0), 0, 100
    for _ in range(repeats):
        points = generator.standard_normal((16, 30)) / 60**0.5
        for network in generator.permutation(16)[:3]:
            points[network] += 3.5 * _direction(generator, 30)
        points[8:] += _direction(generator, 30)
        alarms += p_of_points([points[:8], points[8:]], across) <= 0.05
    assert alarms / repeats <= 0.12  # without the deviations from the spatial median: 0.24


@pytest.mark.parametrize("measure", ["sd", "log_sd", "mad", "cv"])
def test_a_planted_trend_of_the_spread_is_found_and_a_shift_or_a_change_of_scale_is_not_taken_for_one(measure):
    noise = np.random.default_rng(0).standard_normal((2, 12))
    make = {
        "sd": lambda shift, scale: shift + scale * noise,
        "mad": lambda shift, scale: shift + scale * noise,
        "log_sd": lambda shift, scale: np.exp(shift + scale * noise),
        "cv": lambda shift, scale: np.exp(shift) * (10 + scale * noise),
    }[measure]

    def column(first, last):
        return np.array([[first], [last]])

    assert p_of(list(make(column(0, 0), column(1.0, 0.15))), measure) < 0.01
    assert p_of(list(make(column(0, 5), column(1.0, 1.0))), measure) > 0.05


@pytest.mark.parametrize("across", [True, False])
def test_a_planted_trend_of_the_distance_is_found_wherever_the_levels_are(across):
    generator = np.random.default_rng(0)
    for apart in (0, 10):
        levels = [scale * generator.standard_normal((10, 5)) + apart * scale for scale in (1.0, 0.7, 0.4)]
        assert p_of_points(levels, across) < 0.01


@pytest.mark.parametrize("measure", MEASURES)
def test_p_does_not_depend_on_the_order_of_networks_the_unit_or_the_direction(measure):
    generator = np.random.default_rng(5)
    levels = [generator.lognormal(0, 0.5 + 0.2 * level, 5) for level in range(2)]  # few: all relabellings
    p = p_of(levels, measure)
    shuffled = [generator.permutation(level) * 1e-6 for level in levels]
    assert p_of(shuffled, measure) == pytest.approx(p) and p_of(shuffled[::-1], measure) == pytest.approx(p)
    assert 0 < p < 1


def test_false_alarms_are_as_rare_as_they_should_be(monkeypatch):
    monkeypatch.setattr(label_permutation, "RELABELLINGS", 99)
    generator, repeats = np.random.default_rng(0), 120
    p = {name: [] for name in ("across", "within", "sd", "log_sd", "mean")}
    for _ in range(repeats):
        points = list(generator.standard_normal((3, 8, 3)))
        p["across"].append(p_of_points(points))
        p["within"].append(p_of_points(points, across=False))
        levels = list(generator.lognormal(0, 0.5, (3, 8)))
        for name in ("sd", "log_sd", "mean"):
            p[name].append(p_of(levels, name))
    for name, values in p.items():
        assert np.mean(np.array(values) <= 0.05) < 0.1, name
        assert 0.4 < np.mean(values) < 0.75, name  # the larger one of two p-values is above a half on average


@pytest.mark.parametrize(
    ("values", "measure"),
    [
        ([[1, 2, 3]], "mean"),
        ([[1, 2], [1, 2, 3]], "mean"),
        ([[1, 2, np.nan], [1, 2, 3]], "sd"),
        ([[-1.0, 2, 3], [1, 2, 3]], "log_sd"),
        ([[-1.0, 2, 3], [1, 2, 3]], "cv"),
    ],
)
def test_too_few_levels_or_networks_or_values_without_meaning_have_no_p(values, measure):
    assert np.isnan(p_of([np.array(level, float) for level in values], measure))


def test_levels_that_are_all_alike_have_no_trend():
    assert p_of([np.full(5, 27.0)] * 3, "sd") == 1
    assert permutation_p([5, 5], of_distances([np.zeros((5, 5))] * 2, np.zeros((10, 10)))) == 1
