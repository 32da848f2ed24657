"""Lyapunov exponents against maps whose exponents are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from degeneracy.cells import vanilla
from degeneracy.cells.almost_linear import Cell
from degeneracy.metrics import _free_run, lyapunov
from degeneracy.metrics.lyapunov import kaplan_yorke
from degeneracy.tasks import dynamical_system
from populations import normal, predicting_population, random, short_population


class Henon:
    """(x, y) becomes (1 − 1.4 x² + y, 0.3 x)."""

    def step(self, parameters, state, inputs):
        x, y = state.unbind(-1)
        return torch.stack([1 - 1.4 * x**2 + y, 0.3 * x], dim=-1)

    def jacobian(self, parameters, state, inputs):
        x = state[..., 0]
        rows = [
            torch.stack([-2.8 * x, torch.ones_like(x)], -1),
            torch.tensor([0.3, 0.0], dtype=x.dtype).expand(*x.shape, 2),
        ]
        return torch.stack(rows, dim=-2)


def rates(cell, parameters, start, steps, count):
    given = [torch.zeros(len(start), 1).double()] * steps
    return lyapunov._rates(cell, parameters, start, given, count).mean((0, 1))


def test_exponents_of_the_henon_map_are_the_published_ones_and_add_up_to_the_log_of_its_determinant():
    """0.41922 and −1.62319 (Sprott 2003)."""
    start = torch.as_tensor(0.1 * random(8, 1, 2))
    found = rates(Henon(), {}, start, 2000, 2)
    assert found[0] == pytest.approx(0.4192, abs=0.01)
    assert found.sum() == pytest.approx(np.log(0.3), abs=1e-9)
    assert kaplan_yorke(found, 2) == pytest.approx(1.258, abs=0.01)


def test_exponents_of_a_linear_network_are_the_logs_of_the_moduli_of_its_eigenvalues(tmp_path):
    population = short_population(tmp_path, width=5, activation="linear")
    moduli = np.array([1.05, 0.9, 0.7, 0.4, 0.2])
    basis = np.eye(5) + 0.3 * random(5, 5)
    population.networks["recurrent_weights"][:] = basis @ np.diag(moduli * [1, -1, 1, 1, -1]) @ np.linalg.inv(basis)
    exact = np.linalg.eigvals(population.networks["recurrent_weights"][0].values.astype(float))  # as stored, in float32
    for count in (5, 3):
        found = lyapunov.value(population, exponents=count, steps=400, transient=0.6, trials=2)
        assert np.allclose(found["spectrum"], np.sort(np.log(abs(exact)))[::-1][:count], atol=1e-9)
        assert np.allclose(found["value"], np.log(1.05), atol=1e-6)
        assert np.allclose(found["dimension"], 1 + np.log(1.05) / -np.log(0.9), atol=1e-5)


def test_the_slowest_of_units_that_do_not_reach_each_other_is_not_missed():
    """Unit 0 grows at first, the most of all, and then rests where it forgets fast."""
    parameters = {"recurrent_weights": torch.diag(torch.tensor([1.6, 0.9, 0.5])), "bias": torch.zeros(3)}
    parameters = {name: x.double() for name, x in (parameters | {"input_weights": torch.zeros(3, 1)}).items()}
    start = torch.tensor([[[1e-3, 0.0, 0.0]]]).double()
    for count in (1, 3):
        assert rates(vanilla.Cell(width=3), parameters, start, 2000, count)[0] == pytest.approx(np.log(0.9), abs=0.01)


def test_the_linear_network_that_hears_its_outputs_has_the_exponents_of_the_loop(tmp_path):
    """h' = W h + U R h₋, with the state before the last if the horizon is 2."""
    population = predicting_population(tmp_path, width=4, activation="linear")
    own = {name: 0.5 * values[0].astype(float) for name, values in population.parameters.items()}
    for name, values in own.items():
        population.networks[name][:] = values
    w, loop = own["recurrent_weights"], own["input_weights"] @ own["readout_weights"]
    both = np.block([[w, loop], [np.eye(4), np.zeros((4, 4))]])
    for horizon, matrix in ((1, w + loop), (2, both)):
        population.__dict__["task"] = replace(population.task, horizon=horizon)
        found = lyapunov.value(population, steps=600, trials=2)["spectrum"][0]
        exact = np.sort(np.log(abs(np.linalg.eigvals(matrix))))[::-1]
        assert np.allclose(found[: horizon * 3], exact[: horizon * 3], atol=2e-3), horizon  # the last are nearly 0


def test_the_largest_exponent_of_a_chaotic_network_is_the_rate_at_which_near_trajectories_part():
    """The network of tests/cells/test_almost_linear.py, which learnt Lorenz-63: 0.069, and 0.0453 of the system."""
    with np.load(Path(__file__).parents[1] / "cells" / "almost_linear_lorenz63.npz") as file:
        parameters = {name: torch.as_tensor(values[0]).double() for name, values in file.items()}
    cell, task = Cell(width=20, rectified=10), dynamical_system.Task(drive="start", time_steps=100)
    inputs = torch.as_tensor(task.trials(np.random.default_rng(5), 32).inputs).transpose(0, 1)
    states = cell.states({name: values[None] for name, values in parameters.items()}, inputs[None])[0, -1]
    nothing = torch.zeros(32, 3).double()
    found = lyapunov._rates(cell, parameters, states[:, None], [nothing] * 400, 2)[100:].mean((0, 1))
    gap, growth = 1e-7 * normal(32, 20), []
    for step in range(400):
        after, beside = (cell.step(parameters, each, nothing) for each in (states, states + gap))
        size = (beside - after).norm(dim=1) / gap.norm(dim=1)
        states, gap = after, (beside - after) / size[:, None]
        growth += [size.log().mean()] if step >= 100 else []
    assert found[0] == pytest.approx(float(torch.stack(growth).mean()), rel=0.02)
    assert found[0] == pytest.approx(0.07, rel=0.1) and found[1] < 0


def test_along_the_trials_exponents_add_up_to_the_determinants_of_the_jacobians_on_the_way(tmp_path):
    population = short_population(tmp_path, width=4)
    found = lyapunov.value(population, along="driven", trials=3, transient=0)["spectrum"]
    inputs = torch.as_tensor(population.trials("probe")["inputs"].values[:3]).double()
    own = {name: torch.as_tensor(values[0]).double() for name, values in population.parameters.items()}
    before = torch.nn.functional.pad(torch.as_tensor(population.states[0, :3]), (0, 0, 1, 0))[:, :-1]
    jacobians = population.cell.jacobian(own, before, inputs)  # (trial, time, unit, source_unit)
    assert found[0].sum() == pytest.approx(float(torch.linalg.slogdet(jacobians)[1].mean()), abs=1e-9)


def test_a_network_at_rest_has_the_exponents_of_its_fixed_point(trained):
    found = lyapunov.value(trained, trials=2, steps=400, transient=0.5, exponents=2)["value"]
    exact = []
    for own, states in zip(_free_run.parameters_of_each(trained), trained.states, strict=True):
        state, none = torch.as_tensor(states[:2, -1]), torch.zeros(2, 3).double()
        for _ in range(500):
            state = trained.cell.step(own, state, none)
        exact.append(torch.linalg.eigvals(trained.cell.jacobian(own, state, none)).abs().amax(1).log().mean())
    assert np.allclose(found, exact, atol=0.01)


def test_dimensions_that_are_known():
    assert kaplan_yorke(np.array([-0.1, -1.0]), 9) == 0
    assert kaplan_yorke(np.array([0.906, 0.0, -14.572]), 3) == pytest.approx(2.0622, abs=1e-4)
    assert kaplan_yorke(np.array([0.1, 0.1]), 2) == 2
    assert np.isnan(kaplan_yorke(np.array([0.1, 0.1]), 3)) and np.isnan(kaplan_yorke(np.array([np.nan, 0]), 2))


def test_a_network_without_finite_states_is_nan_with_a_reason_and_the_others_go_on(trained, capsys):
    data = trained.networks.copy(deep=True)
    data["recurrent_weights"][0] = np.nan
    found = lyapunov.value(replace(trained, networks=data), steps=10)
    assert np.isnan(found["value"][0]) and np.isfinite(found["value"][1])
    assert "network 0: NaN, because its states are not finite" in capsys.readouterr().out
