from functools import partial

import numpy as np
import pytest
from scipy import stats

from degeneracy.statistics.intervals import (
    SKEWED,
    USUAL,
    change_interval,
    interval,
    percent_interval,
    percentile_interval,
)
from degeneracy.statistics.resampling import NOTHING, Resampled, mean_distances, mean_excess, moment_estimates, resample
from degeneracy.statistics.spreads import SPREADS, mean_pairwise_distance

COUNTS = np.array([[1, 1, 1, 1, 1, 1], [2, 0, 1, 3, 0, 0], [0, 0, 1, 1, 1, 0]])


def distances(generator, count):
    points = generator.standard_normal((count, 3))
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def drawn(counts):
    """The networks of a resample, one entry per copy."""
    return np.repeat(np.arange(len(counts)), counts)


def mean_over_different(distance, networks):
    pairs = [distance[a, b] for place, a in enumerate(networks) for b in networks[place + 1 :] if a != b]
    return np.mean(pairs)


def jackknife(statistic, networks):
    left_out = [statistic(np.delete(networks, place)) for place in range(len(networks))]
    return np.sqrt((len(networks) - 1) * np.var(left_out))


def of_values(values, measure):
    spread = SPREADS[measure]
    estimator = partial(moment_estimates, values=spread.scaled(values), statistic=spread.moments)
    return resample(estimator, len(values), np.random.default_rng(0))


def test_mean_distance_of_resamples_leaves_out_pairs_of_copies():
    distance = distances(np.random.default_rng(0), 6)
    floor = np.random.default_rng(1).random(6)
    theta, error = mean_distances(COUNTS.astype(float), distance)
    excess, of_excess = mean_excess(COUNTS.astype(float), distance, floor)
    for row, counts in enumerate(COUNTS):
        statistic = partial(mean_over_different, distance)
        assert theta[row] == pytest.approx(statistic(drawn(counts)))
        assert error[row] == pytest.approx(jackknife(statistic, drawn(counts)))

        def beyond(networks, statistic=statistic):
            return statistic(networks) - floor[networks].mean()

        assert excess[row] == pytest.approx(beyond(drawn(counts)))
        assert of_excess[row] == pytest.approx(jackknife(beyond, drawn(counts)))
    assert theta[0] == pytest.approx(mean_pairwise_distance(distance))


def test_copies_of_one_network_have_no_mean_distance():
    theta, _ = mean_distances(np.array([[4.0, 0, 0, 0], [1, 1, 1, 1]]), distances(np.random.default_rng(0), 4))
    assert np.isnan(theta).tolist() == [True, False]


@pytest.mark.parametrize("measure", ["mean", "sd", "cv"])
def test_moments_of_resamples_and_their_jackknife(measure):
    values = np.random.default_rng(0).lognormal(size=6)
    theta, error = moment_estimates(COUNTS.astype(float), values, SPREADS[measure].moments)
    for row, counts in enumerate(COUNTS):
        assert theta[row] == pytest.approx(SPREADS[measure].of(values[drawn(counts)]))
        expected = jackknife(lambda networks: SPREADS[measure].of(values[networks]), drawn(counts))
        assert error[row] == pytest.approx(expected)


def test_error_of_the_mean_is_its_standard_error_and_resamples_repeat():
    values = np.random.default_rng(0).standard_normal(40)
    found = of_values(values, "mean")
    assert found.error == pytest.approx(stats.sem(values))
    assert found.values.std() == pytest.approx(stats.sem(values), rel=0.1)
    assert np.array_equal(found.values, of_values(values, "mean").values)


def test_interval_of_a_mean_is_about_that_of_student():
    values = np.random.default_rng(1).normal(3, 1, 30)
    expected = stats.t.interval(0.95, 29, values.mean(), stats.sem(values))
    assert interval(of_values(values, "mean"), 0.95, False) == pytest.approx(expected, rel=0.05)


def test_interval_of_a_spread_does_not_change_with_the_unit_and_a_smaller_upper_tail_makes_it_longer():
    values = np.random.default_rng(1).lognormal(size=12)
    small, large = (np.array(interval(of_values(scale * values, "sd"), 0.95, True)) for scale in (1, 1000))
    assert large == pytest.approx(1000 * small) and 0 < small[0] < values.std() < small[1]
    usual, skewed = (interval(of_values(values, "sd"), 0.95, True, upper) for upper in (USUAL, SKEWED))
    assert usual[0] == skewed[0] and usual[1] < skewed[1]


def test_estimates_without_error_are_exact_and_open_intervals_are_none():
    exact = Resampled(2.0, 0.0, np.full(9, 2.0), np.zeros(9))
    assert interval(exact, 0.95, True) == (2, 2)
    assert change_interval([exact, Resampled(3.0, 0.0, np.full(9, 3.0), np.zeros(9))], 0.95) == (1, 0, 1, 1)
    degenerate = Resampled(2.0, 0.5, np.zeros(9), np.zeros(9))  # all resamples are copies of one network
    assert np.isnan(interval(degenerate, 0.95, True)).all() and np.isnan(interval(NOTHING, 0.95, True)).all()
    assert np.isnan(change_interval([degenerate, exact], 0.95)[2:]).all()
    percent, *ends = percent_interval([degenerate, exact], 0.95)
    assert percent == 0 and np.isnan(ends).all()
    assert np.isnan(percent_interval([exact, of_values(np.array([-1.0, -2, -3]), "mean")], 0.95)).all()
    assert np.isnan(percentile_interval(NOTHING, 0.95)).all()


def test_change_is_that_of_the_trend_with_the_errors_of_the_levels():
    levels = [of_values(np.random.default_rng(seed).normal(2 * seed, 1, 25), "mean") for seed in range(3)]
    change, error, low, high = change_interval(levels, 0.95)
    assert change == pytest.approx(levels[2].value - levels[0].value)  # of three levels, the middle has no weight
    assert error == pytest.approx(np.hypot(levels[2].error, levels[0].error))
    assert change - low == pytest.approx(high - change) and high - change == pytest.approx(2.01 * error, rel=0.15)
    assert np.isnan(change_interval(levels[:1], 0.95)).all()
    assert np.isnan(change_interval([*levels, NOTHING], 0.95)).all()


def _holds(found, upper):
    low, high = interval(found, 0.95, True, upper)
    return low < np.sqrt(3) < high


def test_intervals_cover_heavy_tails_and_changes_with_odd_networks():
    generator, repeats, covered = np.random.default_rng(0), 200, {"log SD": 0, "usual": 0, "change": 0}
    for _ in range(repeats):
        levels = []
        for _ in range(2):
            points = generator.standard_normal((20, 3)) * np.where(generator.random(20) < 0.1, 4, 1)[:, None]
            matrix = np.linalg.norm(points[:, None] - points, axis=-1)
            levels.append(resample(partial(mean_distances, distance=matrix), 20, generator).logarithm())
        _, _, low, high = change_interval(levels, 0.95)
        covered["change"] += low < 0 < high
        found = of_values(np.exp(generator.standard_t(3, 20)), "log_sd")
        covered["log SD"] += _holds(found, SKEWED)
        covered["usual"] += _holds(found, USUAL)
    assert covered["change"] / repeats > 0.9 and covered["log SD"] / repeats > 0.88 > covered["usual"] / repeats
