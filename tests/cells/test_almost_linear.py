"""Almost-linear cells: exact fixed points, region by region."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from degeneracy.cells import almost_linear
from degeneracy.cells.almost_linear import Cell
from degeneracy.fixed_points.find import find
from degeneracy.tasks import dynamical_system
from populations import FIND, normal, random_parameters, short_population


def test_only_the_last_units_are_rectified():
    cell = Cell(width=4, rectified=1)
    parameters = {name: value[0] for name, value in random_parameters(cell, 1).items()}
    state, given = torch.tensor([-1.0, -1.0, -1.0, -1.0]).double(), torch.zeros(2).double()
    rates = torch.tensor([-1.0, -1.0, -1.0, 0.0]).double()
    wanted = parameters["diagonal"] * state + parameters["recurrent_weights"] @ rates + parameters["bias"]
    assert torch.allclose(cell.step(parameters, state, given), wanted)


def test_without_rectified_units_the_cell_is_linear_with_one_fixed_point():
    cell = Cell(width=5, rectified=0)
    parameters = {name: value[0] for name, value in random_parameters(cell, 1).items()}
    given = normal(2)
    matrix = torch.diag(parameters["diagonal"]) + parameters["recurrent_weights"]
    drive = parameters["input_weights"] @ given + parameters["bias"]
    point = torch.linalg.solve(torch.eye(5).double() - matrix, drive)
    assert torch.allclose(cell.exact_fixed_points(parameters, given), point[None])


def test_exact_points_are_all_points_of_a_cell_of_independent_wells(tmp_path):
    """z = ½ z + ReLU(z) − ¼ has the points −½ and ½ for each unit, so two units have four."""
    population = short_population(tmp_path, "almost_linear", width=2, channels=2, seeds=(0,), rectified=2)
    for name in population.networks.attrs["parameters"].split():
        if not name.startswith("readout"):
            population.networks[name][:] = 0
    population.networks["diagonal"][:] = 0.5
    population.networks["recurrent_weights"][0] = np.eye(2)
    population.networks["bias"][:] = -0.25
    points = find(population, FIND, lambda line: None)
    expected = np.array(list(itertools.product([-0.5, 0.5], repeat=2)))
    gaps = np.linalg.norm(points["state"].values[:, None] - expected[None], axis=-1)
    assert gaps.shape == (4, 4) and np.all(gaps.min(0) < 1e-12)
    assert np.array_equal(points["n_unstable"].values, (points["state"].values > 0).sum(1))
    assert points["starts"].item() == points["fixed_points"].item() == 4 and points["completeness"].item() == 1


def test_a_solution_outside_its_region_is_no_fixed_point():
    """z = ½ z + ReLU(z) + ¼ has the solution ½ where z < 0 is assumed, and −½ where z > 0 is."""
    cell = Cell(width=2, rectified=2)
    parameters = {name: torch.zeros_like(value[0]) for name, value in random_parameters(cell, 1).items()}
    parameters |= {"diagonal": torch.full((2,), 0.5), "recurrent_weights": torch.eye(2)}
    for bias, points in ((0.25, 0), (-0.25, 4)):
        given = {name: value.double() for name, value in (parameters | {"bias": torch.full((2,), bias)}).items()}
        assert len(cell.exact_fixed_points(given, torch.zeros(2).double())) == points


def test_exact_points_are_those_that_a_search_finds(tmp_path, monkeypatch):
    population = short_population(tmp_path, "almost_linear", width=6, seeds=(0, 1, 2), rectified=6)
    population.networks["recurrent_weights"] *= 4  # several points
    exact = find(population, FIND, lambda line: None)
    monkeypatch.setattr(almost_linear, "MOST_REGIONS", 8)
    searched = find(population, FIND | {"starts": 2000, "noise": 3.0}, lambda line: None)
    searched = searched.isel(point=searched["converged"].values == 1)
    assert exact.sizes["point"] > 3 and np.all(exact["converged"] == 1)
    for seed in (0, 1, 2):
        known, found = (each["state"].values[each["network"].values == seed] for each in (exact, searched))
        assert len(found) <= len(known)  # none is missing among the exact ones
        assert all(np.linalg.norm(known - one, axis=1).min() < 1e-8 for one in found)


def test_a_cell_with_too_many_regions_is_searched(tmp_path, monkeypatch):
    population = short_population(tmp_path, "almost_linear", width=4, seeds=(0,), rectified=4)
    monkeypatch.setattr(almost_linear, "MOST_REGIONS", 8)
    assert find(population, FIND, lambda line: None)["starts"].item() >= FIND["starts"]


@pytest.mark.parametrize(("scale", "stays"), [(1.0, True), (0.95, False)])
def test_a_network_that_learnt_lorenz63_with_teacher_forcing_stays_on_the_attractor_when_it_runs_free(scale, stays):
    """tests/benchmarks/free_run.py says how the network was trained. Other weights than the learnt ones do not stay."""
    with np.load(Path(__file__).with_name("almost_linear_lorenz63.npz")) as file:
        parameters = {name: torch.as_tensor(values).double() for name, values in file.items()}
    parameters["recurrent_weights"] *= scale
    cell = Cell(width=20, rectified=10)
    trials = dynamical_system.Task(drive="start", time_steps=4000).trials(np.random.default_rng(5), 3)
    inputs = torch.as_tensor(trials.inputs).transpose(0, 1)[None]
    free = cell.readout(parameters, cell.states(parameters, inputs))[0, 200:].numpy()  # (time, trial, variable)
    true = trials.targets[:, 200:].reshape(-1, 3)
    distance, _ = cKDTree(true).query(free[::7].reshape(-1, 3))
    right = np.mean(free[..., 0] > 0, axis=0)  # share of the time in one of the two lobes (trial)
    bounded, near = np.abs(free).max() < 1.1 * np.abs(true).max(), np.quantile(distance, 0.99) < 0.15
    assert (bounded and near and 0.3 < right.min() <= right.max() < 0.7) == stays
