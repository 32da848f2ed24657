"""Leaky cells: their equations, and what noise does to them."""

import numpy as np
import pytest
import torch

from degeneracy.cells import leaky, vanilla
from degeneracy.networks.backends import choice
from populations import normal, random_parameters

FORMS = pytest.mark.parametrize("form", ["current", "rate"])


def without_weights(cell, **values):
    """Parameters of one network without recurrent and input weights."""
    parameters = {name: torch.zeros_like(value) for name, value in random_parameters(cell, 1).items()}
    return parameters | {name: torch.as_tensor(value)[None] for name, value in values.items()}


@FORMS
def test_leaky_units_relax_to_their_target_exponentially(form):
    cell = leaky.Cell(width=3, form=form, time_constant=50, time_step=20)
    bias = np.array([0.3, -1.0, 2.0])
    states = cell.states(without_weights(cell, bias=bias), torch.zeros(1, 30, 1, 2, dtype=torch.float64))[0, :, 0]
    target = np.tanh(bias) if form == "rate" else bias
    assert np.allclose(states, (1 - 0.6 ** np.arange(1, 31))[:, None] * target, rtol=1e-12)


def test_rates_that_do_not_leak_are_the_vanilla_cell():
    cell, plain = leaky.Cell(width=6, form="rate", time_constant=20, time_step=20), vanilla.Cell(width=6)
    parameters, inputs = random_parameters(plain, 2), normal(2, 9, 4, 2)
    states = plain.states(parameters, inputs)
    assert torch.allclose(cell.states(parameters, inputs), states, rtol=1e-12)
    assert torch.equal(cell.readout(parameters, states), plain.readout(parameters, states))


def test_currents_are_read_out_through_the_activation():
    cell = leaky.Cell(width=4, activation="relu")
    parameters, states = random_parameters(cell, 1), normal(1, 5, 4)
    wanted = states[0].clamp_min(0) @ parameters["readout_weights"][0].T + parameters["readout_bias"][0]
    assert torch.allclose(cell.readout(parameters, states)[0], wanted)


def test_noise_alone_gives_currents_their_stationary_deviation():
    cell = leaky.Cell(width=50, recurrent_noise=0.3, time_constant=100, time_step=20)
    noise, inputs = normal(1, 400, 40, 50), torch.zeros(1, 400, 40, 2, dtype=torch.float64)
    late = cell.states(without_weights(cell), inputs, noise)[:, 100:]
    assert late.std().item() == pytest.approx(0.3 / np.sqrt(1 - 0.2 / 2), rel=0.01)
    assert torch.equal(cell.states(without_weights(cell), inputs), torch.zeros_like(noise))


def test_noise_of_rates_acts_within_the_activation():
    cell = leaky.Cell(width=4, form="rate", recurrent_noise=0.3, time_constant=100, time_step=25)
    parameters, inputs, noise = random_parameters(cell, 1), normal(1, 1, 3, 2), normal(1, 1, 3, 4, seed=1)
    drive = inputs[0, 0] @ parameters["input_weights"][0].T + parameters["bias"][0]
    wanted = 0.25 * torch.tanh(drive + np.sqrt(2 / 0.25) * 0.3 * noise[0, 0])
    assert torch.allclose(cell.states(parameters, inputs, noise)[0, 0], wanted)


@FORMS
@pytest.mark.parametrize("time_step", [20, 100])
def test_backends_agree_on_errors_and_gradients_with_noise(form, time_step):
    cell = leaky.Cell(width=5, form=form, recurrent_noise=0.4, time_step=time_step)
    shapes = ((2, 7, 4, 2), (2, 7, 4, 3), (2, 7, 4), (2, 7, 4, 5))
    given, wanted, mask, noise = (normal(*shape, seed=seed) for seed, shape in enumerate(shapes))
    results = []
    for backend, kind in (("reference", torch.float64), ("cpu", torch.float32)):
        parameters = {name: value.requires_grad_() for name, value in random_parameters(cell, 2, dtype=kind).items()}
        data = (each.to(kind) for each in (given, wanted, mask.square(), noise))
        inputs, targets, weights, added = data
        error = choice.mean_squared_error(cell, parameters, inputs, targets, weights, backend, added)
        results.append([error, *torch.autograd.grad(error.sum(), list(parameters.values()))])
    for exact, found in zip(*results, strict=True):
        assert torch.allclose(found.double(), exact, rtol=1e-4, atol=1e-5)
    quiet = choice.mean_squared_error(cell, parameters, inputs, targets, weights)
    assert not torch.allclose(quiet, results[1][0], rtol=1e-2)


def test_the_log_says_which_backend_trains_a_leaky_cell():
    cpu = torch.device("cpu")
    assert choice.choose("auto", cpu, leaky.Cell(width=4, recurrent_noise=0.1), 2, 2) == ("cpu", "")
    backend, reason = choice.choose("auto", cpu, leaky.Cell(width=4, form="rate"), 2, 2)
    assert backend == "reference" and reason.startswith("the compiled code has cells of rates alone")
