import numpy as np
import pytest

from degeneracy.metrics import _barrier
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


def test_the_centre_is_a_network_with_copies_and_the_value_its_mean_barrier(population, untrained_centre):
    found, features = untrained_centre, _barrier.features_of(population)
    a, b = ({name: x[[index]] for name, x in features.items()} for index in (0, 1))
    barrier = _barrier.between(a, b, population, points=5, count=16)["distance"].item()
    assert barrier > 1e-3
    np.testing.assert_allclose(found["value"], barrier * np.array([1 / 3, 1, 1 / 3, 1 / 3]), rtol=1e-3)
    np.testing.assert_allclose(found["to_centre"], [0, barrier, 0, 0], rtol=1e-3, atol=1e-8)
    assert found["is_centre"].sum() == 1 and not found["is_centre"][1]


def test_a_trained_centre_has_lower_barriers_to_the_other_half(population, untrained_centre):
    after = value(population, **FEW, steps=60)["to_trained"]
    assert np.nanmax(after) < np.nanmax(untrained_centre["to_trained"])
