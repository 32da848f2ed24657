"""The LSTM is that of torch, and its state has two numbers a unit."""

import itertools

import numpy as np
import pytest
import torch

from degeneracy.cells.lstm import BIAS, INPUT, RECURRENT, Cell
from degeneracy.fixed_points.find import find
from populations import FIND, normal, random_parameters, short_population

TORCH = (0, 1, 3, 2)  # torch's order: input gate, forget gate, candidate, output gate


def test_lstm_equals_the_stock_layer_in_states_and_gradients():
    cell = Cell(width=6)
    parameters = {name: value.requires_grad_() for name, value in random_parameters(cell, 1).items()}
    stock = torch.nn.LSTM(2, 6, dtype=torch.float64)
    stacks = {"weight_hh_l0": RECURRENT, "weight_ih_l0": INPUT, "bias_ih_l0": BIAS}
    with torch.no_grad():
        stock.bias_hh_l0.zero_()
        for name, parts in stacks.items():
            getattr(stock, name).copy_(torch.cat([parameters[parts[gate]][0] for gate in TORCH]))
    inputs, goal = normal(9, 4, 2), normal(9, 4, 6, seed=1)
    states = cell.states(parameters, inputs[None])[0]
    reference, (last, memory) = stock(inputs)
    assert torch.allclose(states[..., :6], reference, rtol=1e-12)
    assert torch.allclose(states[-1], torch.cat([last[0], memory[0]], dim=-1), rtol=1e-12)
    ((states[..., :6] - goal) ** 2).sum().backward()
    ((reference - goal) ** 2).sum().backward()
    for name, parts in stacks.items():
        for gate, gradient in zip(TORCH, getattr(stock, name).grad.chunk(4), strict=True):
            assert torch.allclose(parameters[parts[gate]].grad[0], gradient, rtol=1e-10, atol=1e-12)


def test_outputs_are_read_from_h_alone():
    cell = Cell(width=3)
    parameters, states = random_parameters(cell, 1), normal(1, 4, 6)
    other = states.clone()
    other[..., 3:] = 0
    assert torch.equal(cell.readout(parameters, states), cell.readout(parameters, other))


def test_an_lstm_without_gates_has_the_wells_of_its_memory(tmp_path):
    """All gates at 1/2 and W = 8: c = c/2 + tanh(8 h)/2, h = tanh(c)/2, so c = tanh(4 tanh(c)) for each unit."""
    population = short_population(tmp_path, "lstm", width=2, channels=2, seeds=(0,))
    for name in population.networks.attrs["parameters"].split():
        if not name.startswith("readout"):
            population.networks[name][:] = 0
    population.networks["recurrent_weights"][0] = 8 * np.eye(2)
    points = find(population, FIND | {"noise": 1.0}, lambda line: None)
    well = 1.0
    for _ in range(100):
        well = np.tanh(4 * np.tanh(well))
    expected = [
        [*(np.tanh(c) / 2 for c in memory), *memory] for memory in itertools.product([-well, 0, well], repeat=2)
    ]
    gaps = np.linalg.norm(points["state"].values[:, None] - np.array(expected)[None], axis=-1)
    assert gaps.shape == (9, 9) and np.all(gaps.min(0) < 1e-9) and points["index_sum"].item() == 1
    middle = np.argmin(np.linalg.norm(points["state"].values, axis=1))
    # at 0: c' = c/2 + 4h, h' = c'/2, so each unit has the eigenvalues 0 and 1/2 + 2
    assert np.allclose(points["eigenvalues_real"].values[middle], [2.5, 2.5, 0, 0], atol=1e-9)


def test_moving_units_moves_h_and_c():
    cell, order = Cell(width=4), [2, 0, 3, 1]
    parameters, inputs = random_parameters(cell, 1), normal(1, 5, 3, 2)
    moved = {}
    for name, dims in cell.parameter_dims().items():
        moved[name] = parameters[name]
        for axis, dim in enumerate(dims, 1):
            if dim in ("unit", "source_unit"):
                moved[name] = moved[name].index_select(axis, torch.tensor(order))
    states, copied = cell.states(parameters, inputs), cell.states(moved, inputs)
    assert torch.allclose(copied, states[..., [*order, *(4 + unit for unit in order)]], rtol=1e-12)
    assert torch.allclose(cell.readout(moved, copied), cell.readout(parameters, states), rtol=1e-12)


def test_weight_change_is_that_of_all_gates(tmp_path):
    from degeneracy.metrics.weight_change import value

    population = short_population(tmp_path, "lstm", width=4)
    for name in RECURRENT:
        population.networks[name][:] = population.networks[f"initial_{name}"]
    assert np.array_equal(value(population)["value"], [0, 0])
    population.networks["forget_gate_weights"][0, 1, 2] += 0.5
    assert value(population)["value"] == pytest.approx([0.5, 0])
