import numpy as np

from degeneracy.measurement.measure import measure
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


def test_the_centre_is_the_network_with_copies_and_the_value_its_mean_barrier(trained):
    population = star(trained)
    data = measure("star_centre", population, {**FEW, "steps": 0})
    barrier = measure("barrier", population, FEW)["distance"].values
    np.testing.assert_allclose(data["value"], barrier.sum(1) / 3, rtol=1e-6)
    assert barrier[0, 1] > 1e-3 and data["is_centre"].values.sum() == 1
    centre = int(data["is_centre"].values.argmax())
    assert centre != 1  # the one without a copy
    np.testing.assert_allclose(data["to_centre"].values, [0, barrier[0, 1], 0, 0], rtol=1e-3, atol=1e-8)


def test_a_trained_centre_has_lower_barriers_to_the_other_half(trained):
    population = star(trained)
    before, after = (measure("star_centre", population, {**FEW, "steps": steps})["to_trained"] for steps in (0, 60))
    assert np.nanmax(after) < np.nanmax(before)
