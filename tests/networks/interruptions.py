"""Trainings that are interrupted, for the tests of what comes after."""

import numpy as np
import pytest
import torch

from degeneracy.networks import checkpoints, training
from degeneracy.networks.checkpoints import Checkpoint
from degeneracy.trials.generate import generate

CPU = torch.device("cpu")
SHORT = {"epochs": 6, "steps_per_epoch": 8, "learning_rate": 0.02, "threshold": 0.34, "patience": 1}
SHORT |= {"plateau_patience": 0, "plateau_factor": 0.9}
SEEDS = [0, 1, 2, 5]


class PulledPlug(Exception):
    pass


def train(condition, seeds=SEEDS, report=lambda line: None, checkpoint=None):
    return training.train(condition, seeds, generate(condition)["train"], CPU, report, "auto", checkpoint)


def kept(folder, code="code", stopping=lambda: False):
    checkpoint = Checkpoint.beside(folder / "networks.nc", code, stopping)
    checkpoint.interval = 0
    return checkpoint


def identity(condition):
    return checkpoints.identity(condition, SEEDS, generate(condition)["train"], "cpu", "cpu")


def pull_plug_after(lines):
    seen = []

    def report(line):
        seen.append(line)
        if sum(one.startswith("epoch") for one in seen) >= lines:
            raise PulledPlug

    return report


def interrupted_after(epochs, condition, folder, **options):
    with pytest.raises(PulledPlug):
        train(condition, report=pull_plug_after(epochs), checkpoint=kept(folder, **options))


def assert_identical(one, other):
    assert set(one.variables) == set(other.variables) and one.attrs == other.attrs
    for name in one.variables:
        assert one[name].dtype == other[name].dtype
        assert np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f"), name
