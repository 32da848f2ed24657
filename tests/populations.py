"""Small populations, copies of populations with their units moved, and random arrays, shared by the tests."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from conftest import SCHEMA, TINY, make_condition, make_population
from degeneracy.artifacts import store
from degeneracy.experiment.resolve import resolve
from degeneracy.metrics._loss import Loss
from degeneracy.metrics._trials import Trials
from degeneracy.networks import training
from degeneracy.status import Status
from degeneracy.trials.generate import generate
from degeneracy.trials.schema import TRIALS

FIND = {  # options of the search for fixed points
    **{"starts": 200, "noise": 0.2, "tolerance": 1e-24, "slow_tolerance": 1e-4},
    **{"merge_distance": 1e-5, "iterations": 200, "seed": 0, "rounds": 4},
}


class Visited:
    """States (network, trial, time, unit) in the place of a population."""

    def __init__(self, *states):
        self.states, self.seeds = np.stack(states), np.arange(len(states))
        self.status, self.device = np.full(len(states), Status.CONVERGED), "cpu"

    def states_of_each(self, trials):
        yield from self.states[:, :trials]


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def random_parameters(cell, networks, inputs=2, outputs=3, dtype=torch.float64):
    """Parameters (network, …) of networks before training."""
    made = [cell.initialise(np.random.default_rng(seed), inputs, outputs) for seed in range(networks)]
    return {name: torch.as_tensor(np.stack([one[name] for one in made]), dtype=dtype) for name in made[0]}


def normal(*shape, seed=0):
    return torch.as_tensor(random(*shape, seed=seed))


def small_loss(cell, kind="mse", missing=(), parameters=None, steps=5, trials=3):
    """A loss on random trials of two inputs and three outputs, and the vector of a network, by default untrained."""
    parameters = parameters or {name: value[0] for name, value in random_parameters(cell, 1).items()}
    shapes = {name: tuple(value.shape) for name, value in parameters.items()}
    entries = np.setdiff1d(np.arange(sum(value.numel() for value in parameters.values())), missing)
    targets = normal(steps, trials, 3, seed=1).softmax(-1)
    mask = torch.as_tensor(random(steps, trials, seed=2) > 0, dtype=torch.float64)
    given = Trials(normal(steps, trials, 2), targets, mask, np.full(steps, -1), kind, forcing=0)
    loss = Loss(cell, given, shapes, torch.as_tensor(entries))
    return loss, loss.vector(parameters)


def short_population(folder: Path, cell="vanilla", width=8, channels=3, seeds=(0, 1), **model):
    """Networks of a cell after a short training, with their trials in a folder."""
    condition = make_condition(
        model={"cell": cell, "width": width} | model,
        task={"channels": channels},
        training={"epochs": 3, "steps_per_epoch": 8},
    )
    groups = generate(condition)
    path = folder / "trials.nc"
    store.write(path, TRIALS, groups, condition, "cpu", 0.0)
    networks = training.train(condition, list(seeds), groups["train"], torch.device("cpu"), lambda line: None)
    return make_population(networks, condition, str(path))


def predicting_population(folder: Path, seeds=(0, 1), drive="state", **model):
    """Networks that predict Lorenz-63 after a short training, with their trials in a folder."""
    task = {"task": {"time_steps": 12, "drive": drive}, "training": {"epochs": 3, "steps_per_epoch": 8}}
    sweep = {"task": "dynamical_system", "factor": "trials.seed", "levels": [0]}
    config = TINY | {"tasks": {"dynamical_system": task | {"model": model}}, "sweeps": {"one": sweep}}
    condition = resolve(config | {"metrics": ["ood_loss"]}, SCHEMA).conditions[0].spec
    groups = generate(condition)
    path = folder / "trials.nc"
    store.write(path, TRIALS, groups, condition, "cpu", 0.0)
    networks = training.train(condition, list(seeds), groups["train"], torch.device("cpu"), lambda line: None)
    return make_population(networks, condition, str(path))


def moved_copy(population, order, signs):
    """The same networks and fixed points with their units in another order and with other signs."""
    data = population.networks.copy(deep=True)
    for name in data.attrs["parameters"].split():
        for full in (name, f"initial_{name}"):
            for dim in set(data[full].dims) & {"unit", "source_unit"}:
                data[full] = (data[full] * xr.DataArray(signs, dims=dim)).isel({dim: order})
    points = population.fixed_points
    if points is not None:
        points = points.assign(state=(points["state"] * xr.DataArray(signs, dims="unit")).isel(unit=order))
    return replace(make_population(data, population.condition, population.trials_path), fixed_points=points)


def joined(one, other):
    both = xr.concat([one.networks, other.networks], "network", combine_attrs="override")
    both = both.assign_coords(network=np.arange(both.sizes["network"]))
    return make_population(both, one.condition, one.trials_path)
