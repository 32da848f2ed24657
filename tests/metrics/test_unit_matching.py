import numpy as np
import pytest
from sklearn.linear_model import Lasso

from degeneracy.metrics import unit_matching
from populations import Visited, random


def between(one, other, **options):
    a, b = (unit_matching.features(Visited(each)) for each in (one, other))
    return {name: values.item() for name, values in unit_matching.distance(a, b, **options).items()}


def test_units_in_another_order_and_with_other_signs_and_scales_all_match_with_a_unit_that_stands_still():
    states = np.tanh(random(8, 25, 6) @ random(6, 12, seed=1))
    states[..., 3] = 0.5
    moved = (states * np.where(np.arange(12) % 2, -2, 1))[..., np.random.default_rng(0).permutation(12)]
    found = between(states, moved)
    assert [found[name] for name in unit_matching.MEASURES] == pytest.approx([0] * 4, abs=1e-9)


def test_as_many_units_of_noise_match_as_chance_allows():
    pairs = [between(random(8, 25, 16, seed=seed), random(8, 25, 16, seed=seed + 50)) for seed in range(8)]
    for way in ("distance", "few_to_one", "many_to_many"):
        assert np.mean([pair[way] for pair in pairs]) == pytest.approx(unit_matching.CHANCE, abs=0.05)


def test_units_that_are_mixed_within_small_groups_match_by_few_and_by_groups_but_not_all_one_to_one():
    turn, units = np.eye(4) - 0.5, random(8, 25, 16)
    groups = [units[..., 4 * place : 4 * place + 4] @ turn for place in range(4)]
    found = between(units, np.concatenate(groups, axis=-1), groups=4, penalty=0.05)
    assert found["few_to_one"] == found["many_to_many"] == 0
    assert found["distance"] > 0.5 and found["used"] < 5


def test_the_lasso_is_that_of_scikit_learn():
    predictors, targets = np.tanh(random(300, 5) @ random(5, 8)), random(300, 5) @ random(5, 3, seed=1)
    predictors, targets = ((each - each.mean(0)) / each.std(0) for each in (predictors, targets))
    found = unit_matching.lasso(predictors.T @ predictors / 300, predictors.T @ targets / 300, 0.1)
    expected = Lasso(0.1, fit_intercept=False, tol=1e-10, max_iter=100000).fit(predictors, targets).coef_.T
    np.testing.assert_allclose(found, expected, atol=1e-4)
