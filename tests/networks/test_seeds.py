"""Seeds of the initialisation crossed with seeds of the data."""

import numpy as np
import pytest
from interruptions import assert_identical, interrupted_after, kept, train

from conftest import make_condition
from degeneracy.networks.seeds import seeds_of

SHORT = {"epochs": 2, "steps_per_epoch": 4, "threshold": 1e-9, "connectivity": 0.5}


def test_by_default_a_network_has_its_own_seed_of_both():
    networks = train(make_condition(training=SHORT), [3, 5])
    for name in ("initialisation_seed", "data_seed"):
        assert networks[name].dims == ("network",) and networks[name].values.tolist() == [3, 5]


def test_the_first_networks_cross_the_seeds():
    options = {"data_seeds": 3}
    found = [seeds_of(seed, options) for seed in range(12)]
    assert sorted(found) == [(row, column) for row in range(4) for column in range(3)]


@pytest.mark.parametrize("cell", [{"cell": "vanilla"}, {"cell": "leaky", "recurrent_noise": 0.5}])
def test_a_crossed_network_is_that_of_its_seeds(cell):
    crossed = train(make_condition(model=cell, training=SHORT | {"data_seeds": 2}), range(4))
    alone = train(make_condition(model=cell, training=SHORT), range(4))
    assert crossed["initialisation_seed"].values.tolist() == [0, 0, 1, 1]
    assert crossed["data_seed"].values.tolist() == [0, 1, 0, 1]
    for name in ("initial_recurrent_weights", "connectivity_mask"):
        assert np.array_equal(crossed[name], alone[name][[0, 0, 1, 1]])
    for network, seed in ((0, 0), (3, 1)):  # both seeds are the same
        assert np.array_equal(crossed["recurrent_weights"][network], alone["recurrent_weights"][seed])
    last = [crossed["recurrent_weights"].values[network].tobytes() for network in range(4)]
    assert len(set(last)) == 4


def test_networks_of_one_data_seed_see_the_same_minibatches_and_noise(monkeypatch):
    from degeneracy.networks import epoch, training

    orders, noise = [], []
    minibatches, draw = training.minibatches, epoch.draw
    monkeypatch.setattr(training, "minibatches", lambda *given: orders.append(minibatches(*given)) or orders[-1])
    monkeypatch.setattr(epoch, "draw", lambda values, seeds, *at: noise.append(seeds) or draw(values, seeds, *at))
    condition = make_condition(
        model={"cell": "leaky", "recurrent_noise": 0.5}, training=SHORT | {"epochs": 1, "data_seeds": 2}
    )
    train(condition, range(4))
    assert np.array_equal(orders[0], orders[2]) and np.array_equal(orders[1], orders[3])
    assert not np.array_equal(orders[0], orders[1])
    assert [seeds for (seeds,) in noise[:: SHORT["steps_per_epoch"]]] == [0, 1, 0, 1]


def test_an_interrupted_crossed_training_ends_bit_identical(tmp_path):
    condition = make_condition(
        model={"cell": "leaky", "recurrent_noise": 0.5}, training=SHORT | {"data_seeds": 2, "epochs": 3}
    )
    interrupted_after(2, condition, tmp_path)
    assert_identical(train(condition, checkpoint=kept(tmp_path)), train(condition))
