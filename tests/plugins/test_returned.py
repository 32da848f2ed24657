"""What plug-ins return is checked: names, shapes, and that it is numbers."""

import re
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from conftest import make_condition
from degeneracy.measurement import measure as measuring
from degeneracy.plugins import returned
from degeneracy.plugins.discovery import make_cell, make_task, names

METRIC = SimpleNamespace(__file__="own.py", MEASURES={"value": ("own", "1")})
PAIR = SimpleNamespace(__file__="own.py", MEASURES={"distance": ("own", "1"), "relative": ("own", "1")})


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (np.float64(2), "value: value has the shape (), must have (3,), (network)"),
        (np.zeros((1, 3)), "value: value has the shape (1, 3), must have (3,), (network)"),
        (np.zeros((3, 1)), "value: value has the shape (3, 1), must have (3,), (network,)"),
        (None, "value: value is NoneType, must be an array of numbers (network, …)"),
        ([[1], [1, 2], [3]], "value: value is list, must be an array of numbers"),
        (np.array(["a", "b", "c"]), "value: value is ndarray of <U1, must be an array of numbers"),
        (np.zeros(3, complex), "value: value is ndarray of complex128, must be an array of numbers"),
        ({"vaule": np.zeros(3)}, "value returned vaule, must also return value (see MEASURES)"),
        (
            {"value": np.zeros(3), "status": np.zeros(3)},
            'value returned the name "status", must be a word, and none of',
        ),
        ({"value": np.zeros(3), 1: np.zeros(3)}, 'value returned the name "1", must be a word'),
        ({"value": np.zeros(3), "extra": np.zeros(2)}, "value: extra has the shape (2,), must have (3,), (network)"),
    ],
)
def test_values_of_a_wrong_shape_name_or_type_are_refused(found, said):
    with pytest.raises(ValueError, match=re.escape(f"own.py: {said}")):
        returned.measures(METRIC, "value", found, "network", 3)


def test_values_may_be_of_any_number_and_have_company():
    found = {"value": [1, 2, 3], "share": np.zeros((3, 4, 2)), "sound": np.ones(3, bool)}
    assert list(returned.measures(METRIC, "value", found, "network", 3)) == list(found)
    assert returned.measures(METRIC, "value", [1, 2, 3], "network", 3)["value"].shape == (3,)


def test_distances_and_features_are_checked():
    with pytest.raises(ValueError, match=r"own\.py: distance returned distance, must also return relative"):
        returned.measures(PAIR, "distance", np.zeros(3), "pair", 3)
    with pytest.raises(ValueError, match=r"own\.py: features returned ndarray of float64, must return a dictionary"):
        returned.features(PAIR, np.zeros(3), 3)
    with pytest.raises(ValueError, match=r"own\.py: features: states has the shape \(2, 3\), must have \(3,\), \(net"):
        returned.features(PAIR, {"states": np.zeros((2, 3))}, 3)
    assert returned.features(PAIR, {"eigenvalues": np.zeros((3, 2), complex)}, 3)["eigenvalues"].shape == (3, 2)


def test_a_metric_that_forgets_an_axis_is_refused_and_one_with_nan_is_told(trained, monkeypatch):
    from degeneracy.metrics import weight_change

    monkeypatch.setattr(weight_change, "value", lambda population: 1.0)
    with pytest.raises(ValueError, match=r"weight_change\.py: value: value has the shape \(\), must have \(2,\)"):
        measuring.measure("weight_change", trained, {})
    lines = []
    monkeypatch.setattr(weight_change, "value", lambda population: np.array([1.0, np.inf]))
    measuring.measure("weight_change", trained, {}, lines.append)
    assert lines == ["value: NaN or infinite for 1 of 2 networks"]


@pytest.mark.parametrize("name", names("cells"))
def test_the_cells_that_come_with_it_pass(name):
    cell = make_cell(make_condition() | {"model": {"cell": name, "width": 4}})
    returned.check_cell(cell, "own.py", 3, 2)


@dataclass(frozen=True)
class Cell:
    """A sound cell, whose state is twice its width, from which each test below takes one thing away."""

    width: int = 4

    def parameter_dims(self):
        return {"weights": ("unit", "input"), "readout": ("output", "unit")}

    def initialise(self, generator, inputs, outputs):
        return {"weights": generator.random((4, inputs)), "readout": generator.random((outputs, 4))}

    def states(self, parameters, inputs):
        return inputs.new_zeros(*inputs.shape[:-1], 8)

    def readout(self, parameters, states):
        return torch.einsum("nou,n...u->n...o", parameters["readout"], states[..., :4])

    def step(self, parameters, state, inputs):
        return state

    def jacobian(self, parameters, state, inputs):
        return torch.eye(8).expand(*state.shape, 8)


def test_a_state_may_be_larger_than_the_width():
    returned.check_cell(Cell(), "own.py", 3, 2)


@pytest.mark.parametrize(
    ("function", "found", "said"),
    [
        ("initialise", {"weights": np.zeros((4, 3))}, "initialise returned weights, must return weights, readout (see"),
        ("initialise", {"weights": np.zeros((3, 4)), "readout": np.zeros((2, 4))}, "initialise: weights has the shape"),
        ("initialise", {"weights": np.full((4, 3), np.nan), "readout": np.zeros((2, 4))}, "weights holds NaN"),
        (
            "states",
            torch.zeros(2, 5, 3, 8),
            "states returned the shape (2, 5, 3, 8), must return (2, 3, 5, 8), (network",
        ),
        ("states", None, "states returned NoneType, must return (2, 3, 5, 4), (network, time, trial, unit)"),
        ("readout", torch.zeros(2, 3, 5, 1), "readout returned the shape (2, 3, 5, 1), must return (2, 3, 5, 2)"),
        ("step", torch.zeros(5, 4), "step returned the shape (5, 4), must return (5, 8), (point, unit)"),
        ("jacobian", torch.zeros(8, 8), "jacobian returned the shape (8, 8), must return (5, 8, 8)"),
    ],
)
def test_a_cell_of_wrong_shapes_is_refused_with_its_file(function, found, said, monkeypatch):
    monkeypatch.setattr(Cell, function, lambda self, *arguments: found)
    with pytest.raises(ValueError, match=rf"^own\.py: .*{re.escape(said)}"):
        returned.check_cell(Cell(), "own.py", 3, 2)


@pytest.mark.parametrize("found", [np.zeros(3), np.zeros((0, 3)), np.zeros((1, 2)), np.full((1, 3), np.inf), None])
def test_constant_inputs_are_finite_and_of_the_inputs_of_the_task(found):
    task = SimpleNamespace(inputs=("a", "b", "c"), constant_inputs=lambda: found)
    with pytest.raises(ValueError, match=r"^own\.py: constant_inputs "):
        returned.constants(task, "own.py")


def test_constant_inputs_of_a_task_pass():
    task = make_task(make_condition())
    assert returned.constants(task, "own.py").shape == (1, len(task.inputs))
