"""Liquid time-constant cells: the published solver step, its fixed points, and the bound of its states."""

import numpy as np
import pytest
import torch

from degeneracy.cells.liquid import Cell
from populations import normal, random_parameters


def test_a_step_is_that_of_the_fused_solver():
    cell = Cell(width=4, solver_steps=3)
    own = {name: value.numpy()[0] for name, value in random_parameters(cell, 1).items()}
    given, state = normal(2).numpy(), normal(4, seed=1).numpy()
    expected = state
    for _ in range(3):
        gate = 1 / (1 + np.exp(-(own["recurrent_weights"] @ expected + own["input_weights"] @ given + own["bias"])))
        expected = (expected + gate * own["target"] / 3) / (1 + (own["rate"] + gate) / 3)
    parameters = {name: torch.as_tensor(value) for name, value in own.items()}
    assert np.allclose(cell.step(parameters, torch.as_tensor(state), torch.as_tensor(given)), expected)


def test_without_weights_a_unit_goes_to_its_target_with_its_own_time_constant():
    """f = 1/2 everywhere: dx/dt = −(1/τ + 1/2) x + A/2, which many steps of the solver follow."""
    parameters = {name: torch.zeros_like(value) for name, value in random_parameters(Cell(width=3), 1).items()}
    rate, target = torch.tensor([0.2, 1.0, 3.0]).double(), torch.tensor([1.0, -2.0, 0.5]).double()
    parameters |= {"rate": rate[None], "target": target[None]}
    inputs = torch.zeros(1, 4, 1, 2, dtype=torch.float64)
    exact = target / 2 / (rate + 0.5) * (1 - torch.exp(-(rate + 0.5) * torch.arange(1, 5)[:, None]))
    gaps = [
        (Cell(width=3, solver_steps=n).states(parameters, inputs)[0, :, 0] - exact).abs().max() for n in (1, 10, 100)
    ]
    assert gaps[0] > 5 * gaps[1] > 25 * gaps[2] and gaps[2] < 3e-3  # a method of first order


def test_units_stay_between_zero_and_their_target():
    cell = Cell(width=30)
    parameters = random_parameters(cell, 2)
    parameters["recurrent_weights"] *= 50
    states, target = cell.states(parameters, 10 * normal(2, 40, 3, 2)), parameters["target"][:, None, None]
    assert (states * target >= 0).all() and (states.abs() <= target.abs()).all()


@pytest.mark.parametrize("solver_steps", [1, 5])
def test_rates_that_training_makes_negative_are_set_to_0(solver_steps):
    cell = Cell(width=3, solver_steps=solver_steps)
    parameters = random_parameters(cell, 1)
    parameters["rate"][0, 1] = -0.2
    cell.constrain(parameters)
    assert parameters["rate"][0].tolist() == [1, 0, 1]
