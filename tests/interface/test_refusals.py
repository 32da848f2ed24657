"""What cannot be a population of networks, or be measured, is refused in one sentence that names what was given."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import degeneracy
from conftest import SCRIPTS
from populations import random

GRU = torch.nn.GRU(2, 4)
POISONED = {name: torch.full_like(value, float("nan")) for name, value in GRU.state_dict().items()}
SHORT = random(2, 8, 4, 3)


class Wrong(torch.nn.Module):
    hidden_size = 4

    def step(self, state, inputs):
        return state.sum()


@pytest.mark.parametrize(
    ("networks", "options", "sentence"),
    [
        ([GRU, torch.nn.GRU(3, 4)], {}, "network 1: takes 3 inputs, and network 0 2; all networks must be alike"),
        ([GRU], {"inputs": random(4, 5, 3)}, "network 0: takes 2 inputs, must take 3, as inputs has"),
        ([POISONED], {}, "network 0: weight_ih_l0 holds NaN or infinity, must be finite numbers"),
        (
            [GRU.state_dict()],
            {"cell": "lstm"},
            "network 0: has 3 recurrent matrices (GRU), must be the state dict of a LSTM",
        ),
        ([torch.nn.GRU(2, 4, num_layers=2)], {}, "network 0: has 2 recurrent layers, must have one; give each layer"),
        ([torch.nn.GRU(2, 4, bidirectional=True)], {}, "network 0: is bidirectional, must run forward alone"),
        ([torch.nn.LSTM(2, 4, proj_size=3)], {}, "network 0: projects its states (proj_size), must not"),
        ([torch.nn.Linear(2, 4)], {}, "network 0: given Linear with 0 recurrent layers, must have one of torch.nn"),
        ([torch.nn.ModuleList([GRU, torch.nn.Linear(4, 4), torch.nn.Linear(4, 1)])], {}, "is the readout? Give it"),
        ([torch.nn.ModuleList([torch.nn.Embedding(9, 2), GRU])], {}, "network 0: has 0.weight besides, must be one"),
        ([GRU, torch.nn.LSTM(2, 4)], {}, "network 1: is of the cell {'cell': 'lstm'}, and network 0 {'cell': 'gru'}"),
        ([GRU, torch.nn.GRU(2, 5)], {}, "networks of 4 and 5 units can be compared by their activity alone"),
        ([{"recurrent_weights": np.eye(3)}], {}, "must say of which cell (cell=…)"),
        ([{"bias": np.ones(3)}], {"cell": "vanilla"}, "network 0: lacks the parameter recurrent_weights (unit, source"),
        ([{"recurent_weights": np.eye(3)}], {"cell": "vanilla"}, 'did you mean "recurrent_weights"?'),
        (
            [Wrong()],
            {"inputs": random(4, 5, 2)},
            "network 0: its step returned the shape (), must return the next state",
        ),
        (["weights.pt"], {}, "network 0: given str, must be a module of torch.nn or its state dict"),
        ([Wrong()], {"cell": "gru"}, "given cell, which a module with a step does not take"),
        ([GRU], {"width": 4}, "width: given 4, which is for modules with a step"),
        ([GRU], {"targets": random(4, 5, 1)}, "targets: given without inputs, must be given with the inputs"),
        ([], {}, "networks: given none, must be at least one"),
        ([GRU], {"labels": ["a", "b"]}, "labels: given 2 different ones for 1 networks, must be one for each"),
        ([GRU], {"readouts": [torch.nn.Linear(5, 1)]}, "the readout has the shape (1, 5), must have (output, 4)"),
        ([GRU], {"activation": "relu"}, 'options of the cell: unknown key "activation"'),
    ],
)
def test_what_is_no_population_is_refused(networks, options, sentence):
    with pytest.raises(ValueError) as caught:
        degeneracy.population(networks, **options)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        (
            SHORT[:, :1],
            "network 0: given 1 trials of 4 steps and 3 units, must have at least 2 trials, 3 steps and a unit",
        ),
        (SHORT[:, :, :2], "network 0: given 8 trials of 2 steps and 3 units, must have at least"),
        (SHORT[0], "activity: given 3 dimensions, must be 4 (network, trial, time, unit)"),
        (SHORT * np.nan, "activity of network 0: holds NaN or infinity, must be finite numbers"),
        ([SHORT[0], SHORT[1][:6]], "network 1: has (6, 4) trials and steps, and network 0 (8, 4); all networks must"),
    ],
)
def test_what_is_no_activity_is_refused(states, sentence):
    with pytest.raises(ValueError) as caught:
        degeneracy.activity(states)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda one: degeneracy.measure("permutation_distance", one),
            "needs what is not known of these networks: recurrent",
        ),
        (
            lambda one: degeneracy.measure("dsa", one, rank=2),
            "must have (delays - 1) * interval + 2 <= task.time_steps",
        ),
        (lambda one: degeneracy.measure("dsaa", one), 'unknown metric "dsaa"; did you mean "dsa"?'),
        (
            lambda one: degeneracy.fixed_points(one),
            "fixed_points: needs the equations of the networks: recorded activity",
        ),
        (lambda one: degeneracy.modules(one), "recorded activity has no parameters"),
        (lambda one: degeneracy.map({"a": one, "b": one}, "cka"), "map: cka compares networks of one group only"),
        (lambda one: degeneracy.compare([one]), "groups: given list, must be populations by their level"),
        (lambda one: degeneracy.draw("map", one), "draw: given Given, must be a dataset of compare or map, or groups"),
        (lambda one: degeneracy.to_dataframe("nowhere"), "nowhere/index.csv: there is no such file"),
        (lambda one: degeneracy.open("nowhere.nc"), "nowhere.nc: there is no such file"),
    ],
)
def test_what_cannot_be_done_with_activity_is_one_sentence(call, sentence):
    with pytest.raises(ValueError) as caught:
        call(degeneracy.activity(SHORT))
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_a_metric_that_needs_equal_widths_says_so():
    mixed = degeneracy.population([GRU, torch.nn.GRU(2, 5)], inputs=random(8, 6, 2))
    with pytest.raises(
        ValueError, match=r"^permutation_distance: given networks of 4 and 5 units, must be as many in all"
    ):
        degeneracy.measure("permutation_distance", mixed)
    with pytest.raises(ValueError, match=r"and directions = 32, must have directions of at most 4$"):
        degeneracy.measure("soft_dsa", mixed)
    with pytest.raises(ValueError, match="networks of 4 and 5 units have no weights and equations"):
        degeneracy.fixed_points(mixed)


@pytest.mark.parametrize("first", ["", "from degeneracy.fixed_points import schema; "])
def test_the_package_is_imported_without_libraries_and_functions_come_before_stages(first):
    line = f"import sys, degeneracy; print(*sys.modules); {first}print(degeneracy.fixed_points)"
    command = [sys.executable, "-c", line]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(SCRIPTS)}, check=True)
    before, function = done.stdout.splitlines()
    assert not {"torch", "numpy", "xarray", "matplotlib", "yaml", "jsonschema"} & set(before.split())
    assert "function fixed_points" in function
