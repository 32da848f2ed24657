"""The bounds are above what they bound, always; and they are exact where they can be."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from degeneracy.cells import leaky, low_rank, mup, vanilla
from degeneracy.metrics import contraction
from degeneracy.metrics._slopes import SLOPES, box_of, interval
from populations import normal, random_parameters, short_population

CELLS = [
    *(vanilla.Cell, low_rank.Cell, leaky.Cell, mup.Cell),
    *(partial(leaky.Cell, time_step=100.0), partial(mup.Cell, time_constant=1.0)),  # currents that keep nothing
]


@pytest.mark.parametrize("name", SLOPES)
def test_slopes_are_those_of_the_activation_and_stay_within_their_interval(name):
    act = {"linear": lambda x: x}.get(name) or getattr(torch.nn.functional, name, None) or getattr(torch, name)
    low = 3 * normal(200)
    high = low + 3 * normal(200, seed=1).abs()
    inside = (low + (high - low) * torch.rand(50, 200).double()).requires_grad_()
    (slope,) = torch.autograd.grad(act(inside).sum(), inside)
    assert torch.allclose(SLOPES[name](inside), slope)
    least, most = interval(name, low, high)
    assert (least <= slope + 1e-12).all() and (slope <= most + 1e-12).all()


@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus"])
@pytest.mark.parametrize("made", CELLS)
def test_no_jacobian_exceeds_the_bound_where_it_is_certified(made, activation):
    """Between a visited state with its input and another one with its own, units stay within their ranges."""
    cell, inputs = made(width=6, activation=activation), normal(8, 20, 2)  # (trial, time, input)
    every = {name: 2 * values for name, values in random_parameters(cell, 1).items()}
    parameters = {name: values[0] for name, values in every.items()}
    states = cell.states(every, inputs.transpose(0, 1)[None])[0].transpose(0, 1)
    states = torch.nn.functional.pad(states, (0, 0, 1, 0))
    box = box_of(cell, parameters, states, inputs)
    before, given = states[:, :-1].flatten(0, 1), inputs.flatten(0, 1)
    generator = torch.Generator().manual_seed(0)
    one, other = torch.randint(len(before), (2, 500), generator=generator)
    share = torch.rand(500, 1, generator=generator).double()
    state, drive = (torch.lerp(each[one], each[other], share) for each in (before, given))
    jacobians = cell.jacobian(parameters, state, drive)
    for scale in (torch.zeros(6).double(), normal(6), *contraction.metrics_for(box)):
        norms = torch.linalg.svdvals(jacobians * (scale[:, None] - scale).exp())[:, 0]
        assert norms.max() <= contraction.bound(box, scale) * (1 + 1e-9)


def test_the_norm_of_a_positive_matrix_is_its_spectral_radius_in_the_balanced_metric():
    matrix = normal(6, 6).abs()
    scale = contraction.balance(matrix)
    norm = torch.linalg.svdvals(contraction._scaled(matrix, scale))[0]
    torch.testing.assert_close(norm, torch.linalg.eigvals(matrix).abs().max())


def test_the_bound_of_a_linear_network_is_its_spectral_radius_if_it_is_normal_and_its_norm_without_a_metric(tmp_path):
    population = short_population(tmp_path, width=5, activation="linear")
    turn = np.linalg.qr(normal(5, 5).numpy())[0]
    normal_matrix = turn @ np.diag([0.9, -0.8, 0.5, 0.2, 0.1]) @ turn.T
    sizes = np.array([1.0, 10.0, 0.1, 3.0, 1.0])
    population.networks["recurrent_weights"][0] = normal_matrix
    population.networks["recurrent_weights"][1] = sizes[:, None] * normal_matrix / sizes  # the same in another metric
    found = contraction.value(population)
    norms = np.linalg.norm(population.networks["recurrent_weights"].values.astype(float), 2, axis=(1, 2))
    assert np.allclose(found["euclidean"], norms) and norms[1] > 3
    assert np.allclose(found["sampled"], norms)
    assert np.allclose(found["value"], 0.9, atol=2e-3)  # below 1: a certificate
    assert np.all(found["region"] == 1)


def test_the_bound_is_at_most_that_of_absolute_weights(trained):
    """Theorem 1 of Kozachkov et al. (2022) needs ρ(|W|) < 1; the optimised metric is never worse."""
    found = contraction.value(trained)
    radius = [abs(np.linalg.eigvals(abs(w.astype(float)))).max() for w in trained.parameters["recurrent_weights"]]
    assert np.all(found["value"] <= np.array(radius) * (1 + 1e-9))
    assert np.all(found["value"] < found["euclidean"]) and np.all(found["sampled"] <= found["euclidean"])


def test_a_cell_of_unknown_slopes_gets_the_largest_norm_at_visited_states(tmp_path, capsys):
    population = short_population(tmp_path, "gru")
    found = contraction.value(population)
    assert np.all(found["region"] == 0) and "bounds are for 256 states alone" in capsys.readouterr().out
    assert np.array_equal(found["euclidean"], found["sampled"]) and np.all(found["value"] <= found["sampled"])


def test_a_network_without_finite_states_is_nan_with_a_reason_and_the_others_go_on(trained, capsys):
    data = trained.networks.copy(deep=True)
    data["recurrent_weights"][0] = np.nan
    found = contraction.value(replace(trained, networks=data))
    assert np.isnan(found["value"][0]) and np.isfinite(found["value"][1])
    assert "network 0: NaN, because its states on the probe trials are not finite" in capsys.readouterr().out
