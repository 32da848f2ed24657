"""A new plug-in is tested because its file is there: the suite passes a sound one and fails an unsound one.

Each sound file below becomes unsound by one edit.
"""

import re
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT
from runs import clean_copy

pytestmark = pytest.mark.xdist_group("new_file")  # its fixtures are costly: one worker makes them

METRIC = '''"""Distance of the readouts of two networks, the weights of each output sorted."""

import numpy as np

LEVEL = "behaviour"
MEASURES = {"distance": ("distance of the readouts", "1")}
NO_TRIALS = True


def features(population):
    return {"readout": np.sort(population.parameters["readout_weights"].astype(float), axis=-1)}


def distance(a, b):
    return np.abs(a["readout"] - b["readout"]).sum((1, 2))
'''

TASK = '''"""Running sum: add up the inputs so far."""

from dataclasses import dataclass

import numpy as np

from degeneracy.tasks import Trials


@dataclass(frozen=True)
class Task:
    time_steps: int = 20

    inputs = ("number",)
    outputs = ("sum",)

    def trials(self, generator, count, ood=False):
        inputs = generator.normal(0, 2 if ood else 1, (count, self.time_steps, 1))
        return Trials(inputs, np.cumsum(inputs, axis=1), np.ones(inputs.shape[:2]))

    def constant_inputs(self):
        return np.zeros((1, 1))
'''

CELL = '''"""Linear recurrence whose gradient is left to autograd."""

from dataclasses import dataclass

import torch

from degeneracy.cells._recurrence import apply_weights, linear_readout, uniform_parameters


@dataclass(frozen=True)
class Cell:
    width: int = 128

    bounded = False

    def parameter_dims(self):
        return {
            "recurrent_weights": ("unit", "source_unit"), "input_weights": ("unit", "input"),
            "readout_weights": ("output", "unit"), "readout_bias": ("output",),
        }

    def initialise(self, generator, inputs, outputs):
        return uniform_parameters(self, generator, inputs, outputs)

    def states(self, parameters, inputs):
        lifted = {name: value[:, None] for name, value in parameters.items()}
        states = [inputs.new_zeros(inputs.shape[0], inputs.shape[2], self.width)]
        for now in inputs.unbind(1):
            states.append(self.step(lifted, states[-1], now))
        return torch.stack(states[1:], dim=1)

    def readout(self, parameters, states):
        return linear_readout(parameters, states)

    def step(self, parameters, state, inputs):
        driven = apply_weights(parameters["input_weights"], inputs)
        return apply_weights(parameters["recurrent_weights"], state) + driven

    def jacobian(self, parameters, state, inputs):
        return parameters["recurrent_weights"].expand(*state.shape, state.shape[-1])
'''

FIGURE = '''"""Networks used at each level.

A point is a level.
"""

from degeneracy.drawing import style

READS = ("statistics",)
METRICS = ("dsa",)


def draw(sweep):
    figure, axes = style.panels(1, 1)
    axes[0, 0].plot(sweep.statistics["dsa"]["n_used"])
    return figure
'''

FILES = {  # kind: a sound file, the edit, and the test that then fails
    "metrics": (METRIC, ("np.abs(a", "np.maximum(0, a"), "a_distance_is_symmetric_and_positive"),
    "tasks": (TASK, ("generator.normal", "np.random.normal"), "the_generator_alone_decides"),
    "cells": (CELL, ("return parameters[", "return 2 * parameters["), "jacobian_equals_autograd"),
    "figures": (FIGURE, ("A point is a level.\n", ""), "a_figure_has_a_title_and_a_caption"),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Outcome of each test of the suite on the new files, by its name."""
    project = clean_copy(tmp_path_factory.mktemp("new_file") / "project")
    shutil.copytree(ROOT / "tests", project / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", project)
    for kind, (text, (old, new), _) in FILES.items():
        folder = project / "workflow" / "scripts" / "degeneracy" / kind
        assert old in text
        (folder / f"new_{kind}.py").write_text(text, encoding="utf-8")
        (folder / f"unsound_{kind}.py").write_text(text.replace(old, new), encoding="utf-8")
    chosen = ["-k", "(new_ or unsound_) and not a_new_file", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "tests/every_plugin", "-vv", *chosen]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    return dict(re.findall(r"::(\S+) (PASSED|FAILED|ERROR)", done.stdout))


@pytest.mark.parametrize("kind", FILES)
def test_a_sound_file_passes(outcomes, kind):
    own = {name: outcome for name, outcome in outcomes.items() if f"[new_{kind}" in name}
    assert len(own) > 1 and set(own.values()) == {"PASSED"}, own


@pytest.mark.parametrize("kind", FILES)
def test_an_unsound_file_fails(outcomes, kind):
    own = {name: outcome for name, outcome in outcomes.items() if f"[unsound_{kind}" in name}
    failed = [name for name, outcome in own.items() if outcome != "PASSED"]
    assert any(FILES[kind][2] in name for name in failed), own
