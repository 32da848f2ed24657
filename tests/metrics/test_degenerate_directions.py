from dataclasses import replace

import numpy as np
import pytest
import torch

from degeneracy.cells import leaky, mup, vanilla
from degeneracy.metrics import _directions
from degeneracy.metrics.degenerate_directions import counts_of
from degeneracy.metrics.interaction_basis import interaction_basis, shares_of
from degeneracy.plugins.discovery import Plugin, names
from populations import normal, random_parameters, small_loss

WIDTH, EXACT = 4, 1e-7  # units, and a tolerance of ranks that only rounding is below


def enlarged(parameters, kind):
    """The network with one more unit: a copy of unit 0 that has half of its outgoing weights, or dead or saturated."""
    copied = {name: value.clone() for name, value in parameters.items()}
    incoming = ("recurrent_weights", "input_weights", "bias")
    for name in ("recurrent_weights", "readout_weights"):
        if kind == "copy":
            copied[name][:, 0] /= 2
        column = copied[name][:, :1] if kind == "copy" else torch.full_like(copied[name][:, :1], kind == "saturated")
        copied[name] = torch.cat([copied[name], column], 1)
    for name in incoming:
        row = copied[name][:1] if kind == "copy" else torch.zeros_like(copied[name][:1])
        copied[name] = torch.cat([copied[name], row])
    if kind == "saturated":
        copied["bias"][-1] = 30
    return copied


def counted(parameters):
    """Dependent activations and gradients, synchronised units, and the functional dimension."""
    cell = vanilla.Cell(width=len(parameters["bias"]))
    loss, vector = small_loss(cell, parameters=parameters, steps=6, trials=20)
    found = counts_of(loss, vector, 2 * len(vector), EXACT, 0.01)
    assert found["value"] * len(vector) == pytest.approx(found["dimension"])
    return np.array([found[name] for name in ("activations", "gradients", "synchronised", "dimension")])


@pytest.mark.parametrize(
    "kinds, more",
    [
        (["copy"], (1, 1, 0, 0)),
        (["dead"], (1, 1, 0, 0)),
        # the state before the first step is 0, so that its recurrent weights are a bias from the second step on
        (["saturated"], (1, 1, 1, WIDTH)),
        (["copy", "dead", "dead"], (3, 3, 0, 0)),
    ],
)
def test_copied_dead_and_saturated_units_are_counted_exactly(kinds, more):
    parameters = {name: value[0] for name, value in random_parameters(vanilla.Cell(width=WIDTH), 1).items()}
    whole = counted(parameters)
    assert whole.tolist() == [0, 0, 0, sum(value.numel() for value in parameters.values())]
    for kind in kinds:
        parameters = enlarged(parameters, kind)
    assert (counted(parameters) - whole).tolist() == list(more)


@pytest.mark.parametrize(
    "activation, units",
    [
        # two opposite units, one that is never saturated, one that always is
        ("tanh", [[1, 0, -1, 0], [-1, 0, 1, 0], [0.2, 0.5, -0.5, 0], [1, 1, 1, 1], [1, 1, 0, 0]]),
        # two that are silent together, one that never is, one that always is
        ("relu", [[2, 0, 1, 0], [1, 0, 3, 0], [1, 2, 3, 4], [0, 0, 0, 0], [1, 0, 0, 0]]),
    ],
)
def test_synchronised_units_are_those_whose_pattern_says_nothing_more(activation, units):
    expected = {"tanh": 2, "relu": 3}[activation]
    assert _directions.synchronised(vanilla.Cell(activation=activation), np.array(units).T, 0.01) == expected


def test_the_rates_of_currents_are_not_the_states_even_if_currents_keep_nothing():
    states = normal(3, 4, 5)
    for cell in (mup.Cell(width=5, time_constant=1.0), mup.Cell(width=5), leaky.Cell(width=5)):
        assert torch.equal(_directions.rates_of(cell, [*states]), states.tanh())
    assert torch.equal(_directions.rates_of(vanilla.Cell(width=5), [*states]), states)


@pytest.mark.parametrize("name", names("cells"))
def test_gradients_of_every_cell_are_those_of_its_loop(name):
    cell = Plugin("cells", name).load().Cell(width=4)
    loss, vector = small_loss(cell)
    parameters = loss.parameters(vector)
    rows, states = _directions.gradients_of_states(loss, parameters, 2)
    last = loss.cell.readout({name: value[None] for name, value in parameters.items()}, states[None])[0]
    torch.testing.assert_close(last, loss.outputs(vector))
    weights = next(_directions.random_sums(loss, last, 2))
    at_end = states[-1].requires_grad_()
    lifted = {name: value[None] for name, value in parameters.items()}
    (own,) = torch.autograd.grad(cell.readout(lifted, at_end[None])[0], at_end, weights[0, -1])
    torch.testing.assert_close(rows[0, -1], own)  # no step comes after the last one
    assert _directions.gradients_of_arrivals(loss, parameters, 2).isfinite().all()


def test_the_interaction_basis_makes_states_uncorrelated_and_gradients_white():
    states, gradients = normal(50, 6), normal(4, 6, seed=1)
    covariance, heeded = states.T @ states, gradients.T @ gradients
    sizes, kept, basis, back = interaction_basis(covariance, heeded, EXACT)
    assert len(sizes) == 6 and len(kept) == 4
    torch.testing.assert_close(basis @ covariance @ basis.T, torch.diag(kept))
    torch.testing.assert_close(back.T @ heeded @ back, torch.eye(4, dtype=torch.float64))
    torch.testing.assert_close(basis @ back, torch.eye(4, dtype=torch.float64))
    least = (sizes[2] / sizes[0]) ** 0.5  # relative root of the third largest eigenvalue
    numbers = [len(interaction_basis(covariance, heeded, share * least)[1]) for share in (0.99, 1.01)]
    assert numbers == [3, 2]
    nothing = interaction_basis(torch.zeros(6, 6, dtype=torch.float64), heeded, EXACT)
    assert not nothing[1].numel()


def test_the_interaction_basis_finds_the_modes_of_a_linear_network():
    """Two independent modes in six units, of which two more directions hold nothing that is read out."""
    turn = torch.linalg.qr(normal(6, 6, seed=3))[0]
    decay, gain = torch.tensor([0.8, 0.6, 0.7, 0.3, 0, 0]).double(), torch.tensor([1, 1.5]).double()
    parameters = {
        "recurrent_weights": turn * decay @ turn.T,
        "input_weights": turn[:, :2] * gain,
        "bias": torch.zeros(6).double(),
        "readout_weights": torch.cat([turn[:, :2].T, torch.zeros(1, 6).double()]),
        "readout_bias": torch.zeros(3).double(),
    }
    cell = vanilla.Cell(width=6, activation="linear")
    loss, _ = small_loss(cell, parameters=parameters, steps=20, trials=400)
    loss = replace(loss, trials=replace(loss.trials, mask=torch.ones_like(loss.trials.mask)))
    found = shares_of(loss, parameters, EXACT)
    assert found["value"] == 2
    squares = decay[:2].numpy() ** 2 * found["eigenvalues"][:2]  # of the interactions of each mode with itself
    assert found["interactions"] == pytest.approx(squares.sum() ** 2 / np.square(squares).sum() / 4, rel=0.02)
    assert found["unit_interactions"] * 36 > found["interactions"] * 4  # in pairs
