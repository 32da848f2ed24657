"""Options of the cells and of their connectivity that cannot be are refused before anything runs, in one sentence."""

import pytest

from conftest import SCHEMA
from degeneracy.errors import UserError
from degeneracy.experiment.resolve import resolve


@pytest.mark.parametrize(
    ("model", "training", "sentence"),
    [
        (
            {"cell": "leaky", "recurrent_noise": -0.1},
            {},
            r"model\.recurrent_noise: given -0\.1, must be a number from 0",
        ),
        ({"cell": "leaky", "time_step": 200}, {}, r"model\.time_step: .*must have time_step <= time_constant"),
        ({"cell": "low_rank", "rank": 9}, {}, r"model\.rank: given rank = 9 and width = 8, must have rank <= width"),
        ({"cell": "almost_linear", "rectified": 9}, {}, r"model\.rectified: .*must have rectified <= width"),
        (
            {"cell": "dale", "excitatory": 1.5},
            {},
            r"model\.excitatory: given 1\.5, must be a number from 0\.01 to 0\.99",
        ),
        (
            {"cell": "dale", "activation": "tanh"},
            {},
            r"model\.activation: given 'tanh'.*Allowed: relu, sigmoid, softplus",
        ),
        ({"cell": "dale", "width": 1}, {}, r"model\.width: given 1, must be a whole number from 2"),
        ({"cell": "liquid", "solver_steps": 0}, {}, r"model\.solver_steps: given 0, must be a whole number from 1"),
        ({}, {"connectivity": 0}, r"training\.connectivity: given 0.*must be a number above 0 and of at most 1"),
        ({}, {"connectivity": 1.5}, r"training\.connectivity: given 1\.5"),
        (
            {},
            {"connectivity": 0.001},
            r"training\.connectivity: given 0\.001, which connects none of 8 units .*at least 0\.016",
        ),
        (
            {"cell": "low_rank"},
            {"connectivity": 0.5},
            r"connectivity: given 0\.5, must be 1, as the cell low_rank has no",
        ),
        ({}, {"snapshots": [0.1, 0]}, r"training\.snapshots: given 0, must be a number above 0"),
        ({}, {"snapshots": [0.1, 0.1]}, r"training\.snapshots: given \[0\.1, 0\.1\], must not repeat an item"),
        ({}, {"snapshots": 0.1}, r"training\.snapshots: given 0\.1, must be a list"),
        ({}, {"data_seeds": -1}, r"training\.data_seeds: given -1, must be a whole number from 0"),
        ({"cell": "low_rank"}, {"l1": 0.1}, r"training\.l1: given 0\.1, must be 0, as the cell low_rank has no"),
    ],
)
def test_what_cannot_be_is_refused(model, training, sentence, tiny):
    of_task = tiny["tasks"]["flip_flop"]
    of_task["model"], of_task["training"] = model, training
    with pytest.raises(UserError, match=sentence) as caught:
        resolve(tiny, SCHEMA)
    assert "config: tasks.flip_flop." in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("cell", ["leaky", "lstm", "dale", "low_rank", "almost_linear", "liquid"])
def test_defaults_are_allowed_and_the_connectivity_is_part_of_the_condition(cell, tiny):
    tiny["model"] = {"cell": cell, "width": 8}
    assert resolve(tiny, SCHEMA).conditions[0].spec["training"]["connectivity"] == 1
    if cell != "low_rank":
        tiny["training"]["connectivity"] = 0.25
        assert resolve(tiny, SCHEMA).conditions[0].spec["training"]["connectivity"] == 0.25
