import numpy as np
import pytest
import torch

from degeneracy.cells._recurrence import ACTIVATIONS, Recurrence
from degeneracy.cells.vanilla import Cell


def random_parameters(cell, networks, inputs=2, outputs=3, dtype=torch.float64):
    made = [cell.initialise(np.random.default_rng(seed), inputs, outputs) for seed in range(networks)]
    return {name: torch.as_tensor(np.stack([one[name] for one in made]), dtype=dtype) for name in made[0]}


def plain_states(cell, parameters, inputs):
    """The recurrence written down step by step, for autograd."""
    state = inputs.new_zeros(inputs.shape[0], inputs.shape[2], cell.width)
    activation = {
        "tanh": torch.tanh,
        "relu": torch.relu,
        "sigmoid": torch.sigmoid,
        "softplus": torch.nn.functional.softplus,
        "elu": torch.nn.functional.elu,
        "linear": lambda drive: drive,
    }
    states = []
    for step in range(inputs.shape[1]):
        drive = torch.einsum("kbu,knu->kbn", state, parameters["recurrent_weights"])
        drive = drive + torch.einsum("kbi,kni->kbn", inputs[:, step], parameters["input_weights"])
        state = activation[cell.activation](drive + parameters["bias"][:, None])
        states.append(state)
    return torch.stack(states, dim=1)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_hand_written_gradient_equals_finite_differences(activation):
    torch.manual_seed(0)
    networks, time, trials, units, channels = 2, 5, 3, 4, 2
    shapes = ((networks, units, units), (networks, units, channels), (networks, units))
    inputs = torch.randn(networks, time, trials, channels, dtype=torch.float64)
    weights = [(0.5 * torch.randn(shape, dtype=torch.float64)).requires_grad_() for shape in shapes]
    cell = Cell(width=units, activation=activation)
    assert torch.autograd.gradcheck(lambda *given: Recurrence.apply(cell, inputs, *given), weights)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("steps", [1, 2, 9])
def test_states_and_gradients_equal_autograd_of_the_plain_loop(activation, steps):
    torch.manual_seed(1)
    cell = Cell(width=6, activation=activation)
    parameters = {name: value.requires_grad_() for name, value in random_parameters(cell, 3).items()}
    inputs, goal = torch.randn(3, steps, 4, 2, dtype=torch.float64), torch.randn(3, steps, 4, 3, dtype=torch.float64)
    gradients = []
    for states in (cell.states(parameters, inputs), plain_states(cell, parameters, inputs)):
        loss = (cell.readout(parameters, states) - goal).square().sum()
        gradients.append((loss, torch.autograd.grad(loss, list(parameters.values()))))
    (ours, our_gradient), (plain, plain_gradient) = gradients
    assert torch.allclose(ours, plain, rtol=1e-12)
    for one, other in zip(our_gradient, plain_gradient, strict=True):
        assert torch.allclose(one, other, rtol=1e-10, atol=1e-12)


def test_equals_the_stock_layer_in_float32():
    cell = Cell(width=16)
    parameters = random_parameters(cell, 1, dtype=torch.float32)
    stock = torch.nn.RNN(2, 16)
    with torch.no_grad():
        for name, value in {
            "weight_hh_l0": parameters["recurrent_weights"][0],
            "weight_ih_l0": parameters["input_weights"][0],
            "bias_hh_l0": parameters["bias"][0],
            "bias_ih_l0": torch.zeros(16),
        }.items():
            getattr(stock, name).copy_(value)
    inputs = torch.randn(1, 20, 4, 2)
    assert torch.allclose(cell.states(parameters, inputs)[0], stock(inputs[0])[0], atol=1e-6)


def test_step_and_jacobian_agree_with_the_states_and_with_autograd():
    cell = Cell(width=5)
    parameters = random_parameters(cell, 1)
    inputs = torch.randn(1, 2, 1, 2, dtype=torch.float64)
    states = cell.states(parameters, inputs)[0, :, 0]
    own = {name: value[0] for name, value in parameters.items()}
    assert torch.allclose(cell.step(own, states[0], inputs[0, 1, 0]), states[1])
    exact = torch.autograd.functional.jacobian(lambda h: cell.step(own, h, inputs[0, 1, 0]), states[0])
    assert torch.allclose(cell.jacobian(own, states[0], inputs[0, 1, 0]), exact)


def test_initial_weights_fill_the_interval_of_the_width():
    made = Cell(width=100).initialise(np.random.default_rng(0), 3, 2)
    assert 0.0999 < abs(made["recurrent_weights"]).max() <= 0.1
    assert made["recurrent_weights"].std() == pytest.approx(0.1 / np.sqrt(3), rel=0.02)


def test_an_orthogonal_start_is_orthogonal_and_uniform_over_the_group():
    cell = Cell(width=3, initialisation="orthogonal")
    made = np.stack([cell.initialise(np.random.default_rng(s), 2, 1)["recurrent_weights"] for s in range(2000)])
    np.testing.assert_allclose(made @ made.mT, np.broadcast_to(np.eye(3), made.shape), atol=1e-12)
    traces = np.trace(made, axis1=1, axis2=2)  # over O(n), the mean of the trace is 0 and that of its square 1
    assert abs(traces.mean()) < 0.1
    assert np.mean(traces**2) == pytest.approx(1, abs=0.12)
