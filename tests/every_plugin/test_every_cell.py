"""Every cell, because its file is there: its hand-written gradient and Jacobian, and networks side by side.

Each cell is taken with every choice of its options (such as its activation), and once with its numbers off their
defaults.
"""

import numpy as np
import pytest
import torch

from conftest import make_condition
from degeneracy.cells import _recurrence, state_size
from degeneracy.cells._recurrence import ACTIVATIONS
from degeneracy.networks import training
from degeneracy.plugins.discovery import Plugin, names
from degeneracy.trials.generate import generate
from populations import normal, random_parameters

WIDTH = 5


def cells() -> dict:
    made = {}
    for name in names("cells"):
        plugin = Plugin("cells", name)
        kinds = {key: option.choices for key, option in plugin.options.items() if option.choices}
        numbers = {key: 0.7 * option.default for key, option in plugin.options.items() if option.type == "float"}
        variants = [{key: choice} | numbers for key, choices in kinds.items() for choice in choices]
        for given in [{}, *variants]:
            options = plugin.complete(given | {"width": WIDTH}, name)
            label = "-".join([name, *(str(value) for key, value in given.items() if key in kinds)])
            made[label] = plugin.load().Cell(**options)
    return made


CELLS = cells()
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
every_name = pytest.mark.parametrize("name", names("cells"))


def states_step_by_step(cell, parameters, inputs):
    """States (network, time, trial, unit) from `step` and autograd alone."""
    lifted = {name: value[:, None] for name, value in parameters.items()}  # (network, trial, …)
    sequence = [inputs.new_zeros(inputs.shape[0], inputs.shape[2], state_size(cell))]
    for now in inputs.unbind(1):
        sequence.append(cell.step(lifted, sequence[-1], now))
    return torch.stack(sequence[1:], dim=1)


@every_cell
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_states_and_gradients_equal_autograd_through_the_steps(cell, steps):
    parameters = {name: value.requires_grad_() for name, value in random_parameters(cell, 3).items()}
    inputs, weights = normal(3, steps, 4, 2), normal(3, steps, 4, 3, seed=1)
    results = []
    for states in (cell.states(parameters, inputs), states_step_by_step(cell, parameters, inputs)):
        loss = (weights * cell.readout(parameters, states)).sum() + states.square().sum()
        results.append((states, torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)))
    (ours, our_gradient), (plain, plain_gradient) = results
    assert torch.allclose(ours, plain, rtol=1e-10, atol=1e-12)
    for one, other in zip(our_gradient, plain_gradient, strict=True):
        assert one.abs().max() > 0 or steps == 1
        assert torch.allclose(one, torch.zeros_like(one) if other is None else other, rtol=1e-9, atol=1e-10)


@every_cell
def test_gradient_equals_finite_differences(cell):
    parameters = random_parameters(cell, 2)
    names = [name for name in parameters if not name.startswith("readout")]
    inputs = normal(2, 4, 3, 2)

    def states(*given):
        return cell.states(dict(zip(names, given, strict=True)), inputs)

    assert torch.autograd.gradcheck(states, [parameters[name].requires_grad_() for name in names])


@every_cell
def test_networks_together_equal_networks_one_by_one(cell):
    parameters, inputs = random_parameters(cell, 3), normal(3, 6, 4, 2)
    together = cell.states(parameters, inputs)
    outputs = cell.readout(parameters, together)
    for network in range(3):
        own = {name: value[network : network + 1] for name, value in parameters.items()}
        alone = cell.states(own, inputs[network : network + 1])
        assert torch.allclose(alone[0], together[network], rtol=1e-10, atol=1e-12)
        assert torch.allclose(cell.readout(own, alone)[0], outputs[network], rtol=1e-10, atol=1e-12)


@every_cell
def test_networks_in_one_launch_equal_networks_one_by_one(cell, monkeypatch):
    """As on a GPU, where all networks advance at once."""
    parameters = {name: value.requires_grad_() for name, value in random_parameters(cell, 3).items()}
    inputs, results = normal(3, 6, 4, 2), []
    for together in (_recurrence.together, lambda inputs: [slice(None)]):
        monkeypatch.setattr(_recurrence, "together", together)
        states = cell.states(parameters, inputs)
        loss = cell.readout(parameters, states).square().sum()
        results.append([states, *torch.autograd.grad(loss, list(parameters.values()))])
    for one, other in zip(*results, strict=True):
        assert torch.allclose(one, other, rtol=1e-10, atol=1e-12)


@every_cell
def test_jacobian_equals_autograd_with_and_without_leading_dimensions(cell):
    parameters = random_parameters(cell, 3)
    state, inputs = normal(3, state_size(cell)), normal(3, 2, seed=1)
    batch = cell.jacobian(parameters, state, inputs)
    for index in range(3):
        own = {name: value[index] for name, value in parameters.items()}
        exact = torch.func.jacrev(lambda h, p=own, u=inputs[index]: cell.step(p, h, u))(state[index])
        assert torch.allclose(cell.jacobian(own, state[index], inputs[index]), exact, atol=1e-12)
        assert torch.allclose(batch[index], exact, atol=1e-12)


@every_cell
def test_a_cell_that_is_called_bounded_stays_in_a_ball(cell):
    if cell.bounded:
        parameters = {name: value[0] for name, value in random_parameters(cell, 1).items()}
        inputs = normal(1, 2)[0]
        far = [1e6 * normal(state_size(cell), seed=seed) for seed in range(8)]
        assert all(cell.step(parameters, state, inputs).norm() < state.norm() for state in far)


@every_name
def test_a_cell_offers_the_shared_activations_and_names_what_it_draws(name):
    options = Plugin("cells", name).options
    if "activation" in options:
        assert set(options["activation"].choices) == set(ACTIVATIONS)
    cell = Plugin("cells", name).load().Cell(width=7)
    drawn = cell.initialise(np.random.default_rng(0), 2, 3)
    sizes = {"unit": 7, "source_unit": 7, "input": 2, "output": 3}
    assert {key: value.shape for key, value in drawn.items()} == {
        key: tuple(sizes[dim] for dim in dims) for key, dims in cell.parameter_dims().items()
    }
    assert cell.parameter_dims()["recurrent_weights"] == ("unit", "source_unit")


@every_name
def test_a_cell_of_several_recurrent_matrices_declares_its_parameters(name):
    plugin = Plugin("cells", name)
    cell = plugin.load().Cell(width=7)
    dims, declared = cell.parameter_dims(), plugin.constant("PARAMETERS")
    assert dims == declared or (declared is None and list(dims.values()).count(("unit", "source_unit")) == 1)
    assert state_size(cell) % 7 == 0


@every_name
def test_a_network_is_bit_identical_in_any_block(name):
    condition = make_condition(model={"cell": name}, training={"epochs": 2, "threshold": 1e-9})
    trials, blocks = generate(condition)["train"], ([0, 1, 2], [1])
    together, alone = (
        training.train(condition, seeds, trials, torch.device("cpu"), lambda line: None) for seeds in blocks
    )
    for variable in (*together.attrs["parameters"].split(), "loss"):
        assert np.array_equal(together[variable].sel(network=1), alone[variable].sel(network=1))
