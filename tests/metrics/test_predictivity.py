from dataclasses import dataclass

import numpy as np
import pytest
import torch

from degeneracy.metrics import linear_predictivity, readout_null_predictivity
from populations import Visited, random


@dataclass
class Seen(Visited):
    """States with a linear readout `weights` (network, output, unit), which reads the first units by default."""

    def __init__(self, *states, outputs=2):
        super().__init__(*states)
        units = states[0].shape[-1]
        self.parameters = {"weights": np.tile(np.eye(units)[:outputs], (len(states), 1, 1))}
        self.cell = self

    def readout(self, parameters, states):
        return states @ parameters["weights"].mT


def between(one, other, metric=linear_predictivity, **options):
    a, b = (metric.features(Visited(each), **options) for each in (one, other))
    return metric.distance(a, b).item()


def test_a_linear_map_is_predicted_and_half_of_the_units_are_half_of_the_variance():
    states, other = random(16, 100, 6), random(16, 100, 6, seed=1)
    assert between(states, states @ random(6, 6, seed=2) + 3) < 1e-6
    shared = np.concatenate([states[..., :3], other[..., 3:]], axis=-1)
    assert between(states, shared) == pytest.approx(0.5, abs=0.02)
    assert between(states, other) == pytest.approx(1, abs=0.02)


def test_states_are_judged_on_trials_that_the_map_was_not_fitted_to():
    one, other = (random(8, 10, 30, seed=seed) for seed in (0, 1))  # a fit of 80 samples would leave 5/8
    assert between(one, other) > 1.2


def test_the_part_that_the_readout_sees_changes_nothing():
    states = random(16, 20, 6)
    other = states.copy()
    other[..., :2] = random(16, 20, 2, seed=1)
    population = Seen(states, other)
    found = readout_null_predictivity.features(population)
    np.testing.assert_allclose(found["states"][..., :2], 0, atol=1e-12)
    a, b = ({name: values[[place]] for name, values in found.items()} for place in (0, 1))
    assert readout_null_predictivity.distance(a, b)["distance"] < 1e-6
    assert readout_null_predictivity.distance(a, b)["seen"] == pytest.approx(1 / 3, abs=0.05)
    assert between(states, other) > 0.3


def test_a_network_whose_readout_sees_everything_is_nan_with_a_reason_and_others_are_not(capsys):
    states = random(8, 5, 4)
    flat = states.copy()
    flat[..., 2:] = 0
    found = readout_null_predictivity.features(Seen(states, flat))
    assert np.isfinite(found["states"][0]).all() and np.isnan(found["states"][1]).all()
    assert "network 1: NaN, because its readout sees all directions" in capsys.readouterr().out


def test_the_directions_that_a_readout_sees_are_those_of_its_slope_at_the_state():
    class Curved(Seen):
        def readout(self, parameters, states):
            return torch.relu(states) @ parameters["weights"].mT

    population = Curved(random(2, 3, 4), outputs=4)
    seen = readout_null_predictivity.visible_directions(population, 0, np.array([1.0, -1, 1, -1]))
    np.testing.assert_allclose(seen @ seen.T, np.diag([1.0, 0, 1, 0]), atol=1e-12)
    around = random(8, 3, 4) + np.array([9, -9, 9, -9])  # whose mean, but not each of them, is seen like that
    around[0, 0] = [-1, 1, -1, 1]
    left = readout_null_predictivity.features(Curved(around, outputs=4))["states"]
    assert np.all(left[..., [0, 2]] == 0) and left[..., [1, 3]].std() > 0.5
