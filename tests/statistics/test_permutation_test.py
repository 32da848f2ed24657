from itertools import permutations

import numpy as np
import pytest

from degeneracy.statistics import permutation_test
from degeneracy.statistics.intervals import jackknife_error
from degeneracy.statistics.permutation_test import permutation_p, pseudo_values
from degeneracy.statistics.spreads import SPREADS, mean_pairwise_distance
from degeneracy.statistics.trend import trend

MEASURES = tuple(SPREADS)


def distances(points):
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def p_of(levels, measure):
    """The p-value of a trend of a measure over levels of values."""
    return permutation_p([SPREADS[measure].permuted(values) for values in levels], SPREADS[measure])


def test_p_of_a_small_sweep_is_the_share_of_all_relabellings():
    values = [np.array([0.0, 1.0, 2.0]), np.array([3.0, 4.0, 5.5])]
    assert permutation_p(values, SPREADS["mean"]) == pytest.approx(2 / 20)  # themselves and the reverse

    generator = np.random.default_rng(0)
    levels = [generator.standard_normal(3) for _ in range(2)]

    def studentised(a, b):
        return abs(b.mean() - a.mean()) / np.sqrt(a.var(ddof=1) / 3 + b.var(ddof=1) / 3)

    pooled = np.concatenate(levels)
    every = [studentised(pooled[list(order[:3])], pooled[list(order[3:])]) for order in permutations(range(6))]
    expected = np.mean(np.array(every) >= studentised(*levels) * (1 - 1e-9))
    assert permutation_p(levels, SPREADS["mean"]) == pytest.approx(expected)


def test_all_relabellings_are_enumerated_where_they_are_few_and_the_same_are_drawn_where_they_are_many():
    generator = np.random.default_rng(0)
    few, many = ([generator.standard_normal(size) for _ in range(2)] for size in (5, 20))
    p = permutation_p(few, SPREADS["mean"])
    assert p * 252 == pytest.approx(round(p * 252))  # 10! / (5! 5!)
    p = permutation_p(many, SPREADS["mean"])
    assert p * 10_000 == pytest.approx(round(p * 10_000)) and p == permutation_p(many, SPREADS["mean"])


def test_pseudo_values_are_what_the_jackknife_says():
    matrix = distances(np.random.default_rng(0).standard_normal((7, 3)))
    values = pseudo_values(matrix)
    assert values.mean() == pytest.approx(mean_pairwise_distance(matrix))
    keep = np.delete(np.arange(7), 2)
    left_out = mean_pairwise_distance(matrix[np.ix_(keep, keep)])
    assert values[2] == pytest.approx(7 * values.mean() - 6 * left_out)
    error = jackknife_error(lambda i: mean_pairwise_distance(matrix[np.ix_(i, i)]), 7)
    assert np.std(values, ddof=1) / np.sqrt(7) == pytest.approx(error)


@pytest.mark.parametrize("measure", ["mean", "sd", "cv"])
def test_fast_jackknife_is_the_jackknife(measure):
    values = np.random.default_rng(1).lognormal(size=9)
    theta, squared_error = permutation_test._jackknife(values, SPREADS[measure].moments)
    statistic = SPREADS[measure].of
    assert theta == pytest.approx(statistic(values))
    assert np.sqrt(squared_error) == pytest.approx(jackknife_error(lambda i: statistic(values[i]), 9))


@pytest.mark.parametrize("measure", ["mean", "sd", "cv"])
def test_what_is_compared_is_the_trend_over_its_standard_error(measure):
    sizes, statistic = [5, 6, 4], SPREADS[measure].of
    generator = np.random.default_rng(0)
    levels = [generator.lognormal(0, sigma, size) for sigma, size in zip((0.2, 1.0, 0.4), sizes, strict=True)]
    theta = np.array([[statistic(x)] for x in levels])
    error = np.array([[jackknife_error(lambda i, x=x: statistic(x[i]), len(x))] for x in levels])
    change, spread, _, _ = trend(theta, error, np.array(sizes))
    assert permutation_test._trend(tuple(levels), SPREADS[measure]) == pytest.approx(change / spread)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("mean", [1, 2, 9]),
        ("sd", [-1, 0, 7]),
        ("mad", [-1, 0, 7]),
        ("cv", [0.5, 1, 4.5]),
        ("log_sd", [-np.log(2), 0, np.log(4.5)]),
    ],
)
def test_values_are_centred_on_the_median(measure, expected):
    assert SPREADS[measure].permuted(np.array([1.0, 2.0, 9.0])) == pytest.approx(expected)


@pytest.mark.parametrize("measure", ["sd", "log_sd", "mad", "cv"])
def test_a_planted_trend_of_the_spread_is_found_and_a_shift_or_a_change_of_scale_is_not_taken_for_one(measure):
    generator = np.random.default_rng(3)
    residuals = [generator.uniform(-1, 1, 20) for _ in range(3)]
    shift = lambda level: {"log_sd": 1.0, "cv": 1.0}.get(measure, 4.0 * level)  # noqa: E731
    scale = lambda level: {"log_sd": 9.0**level, "cv": 9.0**level}.get(measure, 1.0)  # noqa: E731
    for change in (True, False):
        spread = [0.05 * 3**level if change else 0.3 for level in range(3)]
        levels = [
            scale(level) * (shift(level) + size * noise)
            for (level, noise), size in zip(enumerate(residuals), spread, strict=True)
        ]
        p = p_of(levels, measure)
        assert p < 0.001 if change else p > 0.05
        assert p_of(levels, "mean") < 0.001 or measure in ("log_sd", "cv")


@pytest.mark.parametrize("measure", MEASURES)
def test_p_does_not_depend_on_the_order_of_networks_the_unit_or_the_direction(measure):
    generator = np.random.default_rng(5)
    levels = [generator.lognormal(0, 0.5 + 0.2 * level, 5) for level in range(2)]  # few: all relabellings
    p = p_of(levels, measure)
    shuffled = [generator.permutation(x) * 1e-6 for x in levels]
    assert p_of(shuffled, measure) == pytest.approx(p)
    assert p_of(shuffled[::-1], measure) == pytest.approx(p)
    assert 0 < p < 1


def test_false_alarms_are_as_rare_as_they_should_be(monkeypatch):
    monkeypatch.setattr(permutation_test, "RELABELLINGS", 199)
    generator, repeats = np.random.default_rng(0), 250
    p = {name: [] for name in ("distance", "sd", "log_sd", "mean")}
    for _ in range(repeats):
        points = generator.standard_normal((3, 8, 3))
        p["distance"].append(permutation_p([pseudo_values(distances(each)) for each in points], SPREADS["mean"]))
        levels = generator.lognormal(0, 0.5, (3, 8))
        for name in ("sd", "log_sd", "mean"):
            p[name].append(p_of(levels, name))
    for name, values in p.items():
        assert 0.02 < np.mean(np.array(values) <= 0.05) < 0.09, name
        assert 0.4 < np.mean(values) < 0.62, name


@pytest.mark.parametrize(
    ("values", "measure"),
    [
        ([[1, 2, 3]], "mean"),
        ([[1, 2], [1, 2, 3]], "mean"),
        ([[1, 2, np.nan], [1, 2, 3]], "sd"),
        ([[], [1, 2, 3]], "mad"),
    ],
)
def test_too_few_levels_or_networks_or_missing_values_have_no_p(values, measure):
    assert np.isnan(permutation_p([np.array(level, float) for level in values], SPREADS[measure]))


def test_logarithms_and_quotients_need_positive_values():
    for measure in ("log_sd", "cv"):
        assert np.all(np.isnan(SPREADS[measure].permuted(np.array([-1.0, 2.0, 3.0]))))
