import numpy as np
import pytest

from conftest import make_population
from degeneracy.measurement import measure as measuring
from degeneracy.metrics._symmetry import signs_are_free
from populations import joined


@pytest.mark.parametrize("metric", ["signed_permutation_distance", "joint_permutation_distance"])
def test_a_flipped_and_permuted_network_is_the_same_network(metric, trained, flipped):
    inputs = trained.trials("probe")["inputs"].values[:4]
    assert np.allclose(trained.run(inputs)[1], flipped.run(inputs)[1], atol=1e-6)
    pair = joined(trained.where(np.array([True, False])), flipped.where(np.array([True, False])))
    data = measuring.measure(metric, pair, {})
    assert data["distance"].values[0, 1] < 1e-5 and data["signed"].values[0, 1] == 1
    unsigned = measuring.measure("permutation_distance", pair, {})
    assert unsigned["distance"].values[0, 1] > 1


@pytest.mark.parametrize("owned", ["readout_weights", "input_weights", "bias"])
def test_joint_distance_sees_what_the_recurrent_weights_alone_do_not(owned, trained):
    data = trained.networks.copy(deep=True)
    for name in ("recurrent_weights", "input_weights", "bias", "readout_weights"):
        data[name][1] = data[name][0]
    data[owned][1] += 0.1
    pair = make_population(data, trained.condition, trained.trials_path)
    recurrent = measuring.measure("signed_permutation_distance", pair, {})["distance"].values[0, 1]
    joint = measuring.measure("joint_permutation_distance", pair, {})
    size = data[owned][0].size
    assert recurrent < 1e-6 and joint["distance"].values[0, 1] == pytest.approx(0.1 * size**0.5, rel=1e-3)
    assert joint["relative"].values[0, 1] < joint["distance"].values[0, 1]


def test_signs_are_free_for_tanh_alone(trained):
    assert signs_are_free(trained)
    for activation in ("relu", "sigmoid", "softplus"):
        condition = trained.condition | {"model": trained.condition["model"] | {"activation": activation}}
        assert not signs_are_free(make_population(trained.networks, condition, trained.trials_path))
