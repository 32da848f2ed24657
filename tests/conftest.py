"""Small conditions, and one population of networks trained for real, shared by the tests."""

import copy
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is loaded: several workers share the cores

import numpy as np
import pytest
import torch
import xarray as xr
import yaml

from degeneracy.artifacts import store
from degeneracy.experiment.condition import dumps
from degeneracy.experiment.resolve import resolve
from degeneracy.networks import training
from degeneracy.networks.population import Population
from degeneracy.status import Status
from degeneracy.trials.generate import generate
from degeneracy.trials.schema import TRIALS

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8"))

TINY = {
    "metrics": ["ood_loss", "dsa", "fixed_point_counts"],
    "seeds": 2,
    "seeds_per_job": 1,
    "model": {"width": 8},
    "training": {"epochs": 2, "steps_per_epoch": 2, "batch_size": 16, "threshold": 10.0, "patience": 0},
    "trials": {"train": 64, "probe": 16, "ood": 16},
    "fixed_points": {"starts": 16},
    "tasks": {"flip_flop": {"task": {"time_steps": 12}, "metrics": {"dsa": {"rank": 3, "delays": 2}}}},
    "sweeps": {"channels": {"task": "flip_flop", "factor": "task.channels", "levels": [2, 3]}},
}


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def tiny():
    """Configuration of a workflow that takes seconds."""
    return copy.deepcopy(TINY)


def make_condition(**sections) -> dict:
    """The tiny condition with some options changed: `make_condition(training={"epochs": 3})`."""
    config = copy.deepcopy(TINY) | {"metrics": ["ood_loss"]}
    config["tasks"]["flip_flop"].pop("metrics")  # which not every condition can have
    for section, options in sections.items():
        config["tasks"]["flip_flop"].setdefault(section, {}).update(options)
    level = config["tasks"]["flip_flop"]["task"].get("channels", 3)
    config["sweeps"]["channels"]["levels"] = [level]
    return resolve(config, SCHEMA).conditions[0].spec


def make_population(networks: xr.Dataset, condition: dict, trials_path: str) -> Population:
    return Population(networks.assign_attrs(condition=dumps(condition)), trials_path)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Two 3-bit flip-flop networks that learnt the task, with their trials."""
    condition = make_condition(
        model={"width": 48},
        task={"time_steps": 20, "channels": 3},
        trials={"train": 4096, "probe": 32, "ood": 64},
        training={
            "epochs": 60,
            "steps_per_epoch": 64,
            "batch_size": 64,
            "threshold": 0.003,
            "learning_rate": 0.005,
            "patience": 3,
        },
    )
    path = tmp_path_factory.mktemp("trained") / "trials.nc"
    groups = generate(condition)
    store.write(path, TRIALS, groups, condition, "cpu", 0.0)
    networks = training.train(condition, [0, 1], groups["train"], torch.device("cpu"), report=lambda line: None)
    assert np.all(networks["status"] == Status.CONVERGED)
    return make_population(networks, condition, str(path))


@pytest.fixture(scope="session")
def flipped(trained):
    """The same networks with their units in another order and with other signs."""
    from populations import moved_copy  # which needs this file

    generator = np.random.default_rng(0)
    width = trained.networks.sizes["unit"]
    return moved_copy(trained, generator.permutation(width), generator.choice([-1.0, 1.0], width))


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A project in which the tiny experiment has run, once for all workers: nothing may be run in it but `-n`."""
    from runs import clean_copy, made_once, shared_folder, snakemake, write_config  # which needs this file

    def make(project):
        clean_copy(project)
        write_config(project, TINY)
        snakemake(project)

    return made_once(shared_folder(tmp_path_factory) / "finished" / "project", make)
