"""Seeds of the initialisation crossed with seeds of the data."""

import numpy as np
import pytest
from interruptions import assert_identical, interrupted_after, kept, train

from conftest import make_condition
from degeneracy.networks import epoch, training
from degeneracy.networks.seeds import seeds_of
from degeneracy.trials.generate import generate

SHORT = {"epochs": 2, "steps_per_epoch": 4, "threshold": 1e-9, "connectivity": 0.5}


def test_by_default_a_network_has_its_own_seed_of_both():
    networks = train(make_condition(training=SHORT), [3, 5])
    for name in ("initialisation_seed", "data_seed"):
        assert networks[name].dims == ("network",) and networks[name].values.tolist() == [3, 5]


def test_the_first_networks_cross_the_seeds():
    found = [seeds_of(seed, {"data_seeds": 3}) for seed in range(12)]
    assert sorted(found) == [(row, column, column) for row in range(4) for column in range(3)]


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("cell", [{"cell": "vanilla"}, {"cell": "leaky", "recurrent_noise": 0.5}])
def test_a_crossed_network_is_that_of_its_seeds_in_any_block(cell, together, monkeypatch):
    if together:  # as on CUDA, where a group holds all networks with the same training trials
        monkeypatch.setattr(training, "group_sizes", lambda networks, device: [networks])
    crossed = train(make_condition(model=cell, training=SHORT | {"data_seeds": 2}), range(4))
    assert crossed["network"].values.tolist() == [0, 1, 2, 3]
    assert crossed["initialisation_seed"].values.tolist() == [0, 0, 1, 1]
    assert crossed["data_seed"].values.tolist() == [0, 1, 0, 1]
    monkeypatch.undo()
    others = {3: (2, [3]), 1: (2, [1]), 2: (1, [1]), 0: (0, [0])}  # data_seeds and block with the same two seeds
    for network, (count, block) in others.items():
        alone = train(make_condition(model=cell, training=SHORT | {"data_seeds": count}), block)
        for name in ("recurrent_weights", "initial_recurrent_weights", "connectivity_mask", "final_loss"):
            assert np.array_equal(crossed[name][network], alone[name][0]), name
    assert np.array_equal(crossed["initial_recurrent_weights"][0], crossed["initial_recurrent_weights"][1])
    assert len({weights.tobytes() for weights in crossed["recurrent_weights"].values}) == 4


def test_networks_of_a_data_seed_see_the_same_trials_and_noise_and_others_see_others(monkeypatch):
    data, orders, noise = {}, {}, []
    prepared, minibatches, draw = training.prepared, training.minibatches, epoch.draw

    def watched_data(group, **given):
        data[group.networks[0].seed] = given["data"][0].numpy()
        return prepared(group, **given)

    def watched_order(group, *rest):
        order = orders[group.networks[0].seed] = minibatches(group, *rest)
        return order

    monkeypatch.setattr(training, "prepared", watched_data)
    monkeypatch.setattr(training, "minibatches", watched_order)
    monkeypatch.setattr(epoch, "draw", lambda values, seeds, *at: noise.append(seeds) or draw(values, seeds, *at))
    condition = make_condition(
        model={"cell": "leaky", "recurrent_noise": 0.5}, training=SHORT | {"epochs": 1, "data_seeds": 2}
    )
    train(condition, range(4))
    seen = [data[seed][orders[seed].ravel()] for seed in range(4)]  # (trial, time, input) of each network
    assert np.array_equal(seen[0], seen[2]) and np.array_equal(seen[1], seen[3])
    assert not {trial.tobytes() for trial in seen[0]} & {trial.tobytes() for trial in seen[1]}
    assert np.array_equal(data[0], generate(condition, ["train"])["train"]["inputs"])
    assert [seeds for (seeds,) in noise[:: SHORT["steps_per_epoch"]]] == [0, 0, 1, 1]  # of networks 0, 2, 1 and 3


def test_an_interrupted_crossed_training_ends_bit_identical(tmp_path):
    condition = make_condition(
        model={"cell": "leaky", "recurrent_noise": 0.5}, training=SHORT | {"data_seeds": 2, "epochs": 3}
    )
    interrupted_after(2, condition, tmp_path)
    assert_identical(train(condition, checkpoint=kept(tmp_path)), train(condition))
