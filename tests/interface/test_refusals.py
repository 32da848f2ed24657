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


RENAMED = {name: value for name, value in GRU.state_dict().items() if name != "weight_ih_l0"}
PARAMETRIZED = torch.nn.utils.parametrizations.spectral_norm(torch.nn.GRU(2, 4), "weight_hh_l0")


class Decay(torch.nn.Module):
    """A step with a number that is no parameter."""

    hidden_size = 4

    def __init__(self, rate: float):
        super().__init__()
        self.rate, self.weights = rate, torch.nn.Parameter(torch.randn(4, 2))

    def step(self, state, inputs):
        return state.mul_(self.rate) + inputs @ self.weights.T


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
        (GRU, {}, "networks: given GRU, must be a list with one for each network"),
        (GRU.state_dict(), {}, "networks: given one state dict, must be a list with one for each network"),
        ({"a": GRU}, {}, "networks: given a, which is no array (network, …); modules go in a list"),
        (
            [RENAMED],
            {},
            "network 0: has weight_hh (12, 4), bias_ih (12,), bias_hh (12,), must have weight_ih",
        ),
        (
            [torch.nn.utils.parametrizations.spectral_norm(torch.nn.GRU(2, 4), "weight_hh_l0")],
            {},
            "is parametrized; call",
        ),
        ([GRU], {"inputs": "trials.npz"}, "inputs: given str, must be numbers (trial, time, input)"),
        ([GRU], {"inputs": random(0, 5, 2)}, "inputs: given (0, 5) trials and steps, must have at least one of each"),
        (
            [GRU],
            {"readouts": [torch.nn.Sequential(torch.nn.Linear(4, 1))]},
            "given the readout 0.weight, 0.bias, must",
        ),
        (
            [Decay(0.5), Decay(0.9)],
            {"inputs": random(4, 5, 2)},
            "network 1: its step is not that of network 0",
        ),
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
        (SHORT * 1j, "activity of network 0: given ndarray, must be numbers (trial, time, unit)"),
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
            "needs recurrent weights, which these networks lack",
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
        (lambda one: degeneracy.measure("cka", [one]), "measure cka: given list, must be a population"),
        (lambda one: degeneracy.measure("all", one, dsa={"rnk": 3}), 'dsa: unknown key "rnk"; did you mean "rank"?'),
        (
            lambda one: degeneracy.degeneracy("dsa", degeneracy.measure("cka", one)),
            "a dataset of cka, must be of dsa",
        ),
        (
            lambda one: degeneracy.draw("loss_curves", {"a": one}),
            "draw: loss_curves shows training, which is not",
        ),
        (
            lambda one: degeneracy.draw("summary", degeneracy.compare({"a": one}, "cka")),
            "must be a figure of one sweep",
        ),
        (
            lambda one: degeneracy.to_dataframe(degeneracy.map(one, "cka")),
            "a dataset of kind map, must be of measure",
        ),
        (lambda one: degeneracy.to_dataframe("nowhere"), "nowhere/index.csv: there is no such file"),
        (lambda one: degeneracy.open("a.pt"), "a.pt: given .pt, must be an artifact (.nc) or a folder"),
        (lambda one: degeneracy.open("/"), "/index.csv: there is no such file"),
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
