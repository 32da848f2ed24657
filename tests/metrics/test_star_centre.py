import numpy as np
import pytest

from degeneracy.metrics import _barrier, star_centre
from degeneracy.metrics._trials import Trials
from degeneracy.metrics.star_centre import value
from populations import joined, moved_copy

FEW = {"points": 5, "trials": 16}


def star(population):
    """Two networks, copies of the first with units moved, and copies of the second, in turn."""
    width, generator = population.networks.sizes["unit"], np.random.default_rng(0)
    found = population
    for _ in range(2):
        copies = moved_copy(population, generator.permutation(width), generator.choice([-1.0, 1.0], width))
        found = joined(found, copies)
    return found.where(np.array([1, 1, 1, 0, 1, 0], bool))  # three copies of the first, and the second


@pytest.fixture(scope="module")
def population(trained):
    return star(trained)


@pytest.fixture(scope="module")
def untrained_centre(population):
    return value(population, **FEW, steps=0)


@pytest.fixture(scope="module")
def features(population):
    return _barrier.features_of(population)


@pytest.fixture(scope="module")
def matrices(population, features):
    return star_centre._between_all(features, population, 5, Trials.of(population, "train", 16), None)


def test_the_centre_is_a_network_with_copies_and_the_value_its_mean_barrier(population, features, untrained_centre):
    found = untrained_centre
    a, b = ({name: x[[index]] for name, x in features.items()} for index in (0, 1))
    barrier = _barrier.between(a, b, population, points=5, count=16)["distance"].item()
    assert barrier > 1e-3
    np.testing.assert_allclose(found["value"], barrier * np.array([1 / 3, 1, 1 / 3, 1 / 3]), rtol=1e-3)
    np.testing.assert_allclose(found["to_centre"], [0, barrier, 0, 0], rtol=1e-3, atol=1e-8)
    assert found["is_centre"].sum() == 1 and not found["is_centre"][1]


def test_a_trained_centre_has_lower_barriers_to_the_other_half(population, untrained_centre):
    after = value(population, **FEW, steps=100)
    assert np.nanmax(after["to_trained"]) < np.nanmax(untrained_centre["to_trained"])
    assert np.all(after["trained_loss"] < untrained_centre["value"][1])


def test_matchings_are_known_in_both_directions(population, features, matrices):
    flat = features["parameters"]
    for one, copy in ((0, 3), (3, 0)):
        moved = _barrier.moved(population, flat[[copy]], matrices.p[one, [copy]], matrices.s[one, [copy]])
        np.testing.assert_allclose(moved[0], flat[one], rtol=1e-6)


def test_training_lowers_the_loss_along_the_path_and_changes_no_network(population, features, matrices):
    flat = features["parameters"].copy()
    end = _barrier.moved(population, flat[[1]], matrices.p[0, [1]], matrices.s[0, [1]])
    trained = star_centre._trained(flat[0], end, population, 200)
    np.testing.assert_array_equal(flat, features["parameters"])
    share, train = np.linspace(0, 1, 5)[:, None], Trials.of(population, "train", 16)
    before, after = (
        train.losses(population.cell, _barrier.parameters_of(population, (1 - share) * one + share * end)).numpy()
        for one in (flat[0], trained)
    )
    assert after.mean() < before.mean() / 2 and after[0] < before.max() / 2
