"""The private noise of recurrent units: in training alone, and each network has its own."""

import numpy as np
import pytest
import torch
from interruptions import assert_identical, interrupted_after, kept, train

from conftest import make_condition, make_population
from degeneracy.networks.noise import draw
from degeneracy.trials.generate import generate

NOISY = {"cell": "leaky", "recurrent_noise": 0.5}
SHORT = {"epochs": 4, "steps_per_epoch": 4, "threshold": 1e-9}


def test_noise_depends_on_seed_epoch_and_step_alone():
    def drawn(seeds, epoch, step):
        noise = torch.empty(len(seeds), 6, 5, 4)
        draw(noise, seeds, epoch, step)
        return noise

    together = drawn([3, 4], 2, 1)
    assert torch.equal(drawn([4], 2, 1)[0], together[1])
    assert together.std().item() == pytest.approx(1, abs=0.15)
    others = [drawn(*given)[0] for given in (([3], 2, 1), ([4], 2, 1), ([3], 1, 1), ([3], 2, 2))]
    assert len({other.sum().item() for other in others}) == 4


def test_a_noisy_network_is_bit_identical_in_any_block_and_learns_otherwise_than_a_quiet_one():
    condition = make_condition(model=NOISY, training=SHORT)
    together, alone = train(condition, [0, 1]), train(condition, [1])
    quiet = train(make_condition(model=NOISY | {"recurrent_noise": 0.0}, training=SHORT), [1])
    assert np.array_equal(together["recurrent_weights"][1], alone["recurrent_weights"][0])
    assert not np.array_equal(quiet["recurrent_weights"], alone["recurrent_weights"])


def test_an_interrupted_training_with_noise_ends_bit_identical(tmp_path):
    condition = make_condition(model=NOISY, training=SHORT)
    interrupted_after(2, condition, tmp_path)
    assert_identical(train(condition, checkpoint=kept(tmp_path)), train(condition))


def test_networks_are_evaluated_and_compared_without_noise():
    condition = make_condition(model=NOISY, training=SHORT)
    data, networks = generate(condition)["train"], train(condition, [0])
    population = make_population(networks, condition, "")
    _, outputs = population.run(data["inputs"].values)
    squared = np.square(outputs[0] - data["targets"].values).mean(-1)
    assert networks["final_loss"].item() == pytest.approx(np.average(squared, weights=data["mask"].values), rel=1e-5)
    assert networks["final_loss"].item() < networks["loss"].values[0, -1]  # noise makes the training loss larger
