"""Every task, because its file is there: the shapes of its trials, their randomness, and what it says of itself."""

from typing import get_args

import numpy as np
import pytest

from conftest import SCHEMA
from degeneracy.errors import UserError
from degeneracy.experiment.resolve import resolve
from degeneracy.plugins.discovery import Plugin, names
from degeneracy.tasks import Ood
from degeneracy.trials.generate import generate

TRIALS = 8
every_task = pytest.mark.parametrize("name", names("tasks"))


def make(name: str):
    """The task with its default options; the test is skipped if a library or a file that it needs is missing."""
    try:
        return Plugin("tasks", name).load().Task()
    except UserError as error:
        if not any(reason in str(error) for reason in ("is not installed", "no file is given")):
            raise
        pytest.skip(str(error))


def draw(name: str, seed=0, ood=None):
    return make(name).trials(np.random.default_rng(seed), TRIALS, ood)


def as_dict(made) -> dict:
    return {part: np.asarray(getattr(made, part)) for part in ("inputs", "targets", "mask")}


def same(one: dict, other: dict) -> bool:
    return all(np.array_equal(one[part], other[part]) for part in one)


@every_task
@pytest.mark.parametrize("ood", [None, *get_args(Ood)])
def test_trials_have_the_shapes_that_the_task_names_and_finite_numbers(name, ood):
    task, made = make(name), as_dict(draw(name, ood=ood))
    trials, steps = made["mask"].shape
    assert trials == TRIALS and steps > 1
    assert made["inputs"].shape == (trials, steps, len(task.inputs))
    assert made["targets"].shape == (trials, steps, len(task.outputs))
    assert len(set(task.inputs)) == len(task.inputs) and len(set(task.outputs)) == len(task.outputs)
    assert set(np.unique(made["mask"])) <= {0, 1} and made["mask"].any(1).all()
    assert np.isfinite(made["inputs"]).all() and np.isfinite(made["targets"][made["mask"] == 1]).all()


@every_task
def test_the_generator_alone_decides_which_trials_are_drawn(name):
    first, again, other = (as_dict(draw(name, seed)) for seed in (0, 0, 1))
    assert same(first, again) and not same(first, other)


@every_task
@pytest.mark.parametrize("ood", get_args(Ood))
def test_trials_out_of_distribution_are_other_trials(name, ood):
    probe, ood = as_dict(draw(name)), as_dict(draw(name, ood=ood))
    assert not same(probe, ood)


@every_task
def test_a_condition_makes_three_groups_of_different_trials(name):
    make(name)
    config = {
        "trials": {"train": TRIALS, "probe": TRIALS, "ood": TRIALS},
        "sweeps": {"width": {"task": name, "factor": "model.width", "levels": [8]}},
    }
    groups, again = (generate(resolve(config, SCHEMA).conditions[0].spec) for _ in range(2))
    assert all(groups[group].identical(again[group]) for group in groups)
    assert not groups["train"]["inputs"].equals(groups["probe"]["inputs"])
    assert not groups["probe"]["inputs"].equals(groups["ood"]["inputs"])


@every_task
def test_constant_inputs_are_finite_and_have_a_value_for_each_input(name):
    task = make(name)
    constants = task.constant_inputs()
    assert constants.shape == (len(constants), len(task.inputs)) and len(constants) and np.isfinite(constants).all()


@every_task
def test_what_makes_a_task_more_complex_are_options_of_it(name):
    plugin = Plugin("tasks", name)
    assert set(plugin.constant("COMPLEXITY", ())) <= set(plugin.options)
