"""Dale's law: signs that training cannot break, and balance before it."""

import numpy as np
import pytest
import torch

from conftest import make_condition
from degeneracy.cells.dale import Cell
from degeneracy.networks import training
from degeneracy.trials.generate import generate


def start(excitatory=0.8, width=300, seed=0):
    cell = Cell(width=width, excitatory=excitatory)
    return cell, cell.initialise(np.random.default_rng(seed), 2, 2)["recurrent_weights"]


@pytest.mark.parametrize("excitatory", [0.8, 0.5, 0.2])
def test_balanced_weights_have_no_outlier_among_their_eigenvalues(excitatory):
    _, weights = start(excitatory)
    sizes = np.sort(abs(np.linalg.eigvals(weights)))[::-1]
    assert sizes[0] < 1.15 / np.sqrt(3) and sizes[9] > 0.8 / np.sqrt(3)
    plain = np.random.default_rng(0).uniform(0, 1, weights.shape) * np.sign(weights[0])  # the same sizes for both kinds
    plain_sizes = np.sort(abs(np.linalg.eigvals(plain)))[::-1]
    assert plain_sizes[0] > 3 * plain_sizes[2] or excitatory == 0.5  # half and half is balanced in itself
    assert np.allclose(weights.sum(1), 0, atol=1e-12)


def test_the_first_units_excite_and_the_others_inhibit():
    cell, weights = start(0.8, width=20)
    assert cell.excitatory_units == 16
    assert (weights[:, :16] >= 0).all() and (weights[:, 16:] <= 0).all() and (weights[:, :16] > 0).any()
    assert Cell(width=4, excitatory=0.99).excitatory_units == 3


@pytest.mark.parametrize("activation", ["relu", "softplus"])
def test_trained_weights_obey_the_law_exactly(activation):
    training_options = {"epochs": 3, "steps_per_epoch": 16, "learning_rate": 0.02, "threshold": 1e-9}
    condition = make_condition(model={"cell": "dale", "width": 10, "activation": activation}, training=training_options)
    data = generate(condition)["train"]
    networks = training.train(condition, [0, 1], data, torch.device("cpu"), lambda line: None)
    weights = networks["recurrent_weights"].values
    assert (weights[..., :8] >= 0).all() and (weights[..., 8:] <= 0).all()
    assert (weights == 0).any()  # some weights met the boundary, so the law was put to the test
    assert networks["loss"].values[0, -1] < networks["loss"].values[0, 0]
