import numpy as np

from conftest import make_condition
from degeneracy.tasks.flip_flop import Task
from degeneracy.trials.generate import generate


def test_target_is_the_last_pulse_of_each_channel():
    made = Task(channels=2, time_steps=30).trials(np.random.default_rng(0), 5)
    for trial in range(5):
        memory = np.zeros(2)
        for inputs, targets in zip(made.inputs[trial], made.targets[trial], strict=True):
            memory = np.where(inputs != 0, inputs, memory)
            assert np.array_equal(targets, memory)


def test_every_channel_pulses_first_and_then_at_the_rate_asked_for():
    made = Task(channels=3, time_steps=200, pulse_probability=0.3).trials(np.random.default_rng(1), 300)
    assert np.all(made.inputs[:, 0] != 0)
    assert abs((made.inputs[:, 1:] != 0).mean() - 0.3) < 0.005
    assert abs(made.inputs.mean()) < 0.005


def test_groups_are_independent_streams_and_longer_trials_last_twice_as_long():
    few, many = (make_condition(trials={"train": train, "ood_kind": "longer"}) for train in (8, 64))
    one, other = generate(few), generate(many)
    assert one["probe"].identical(other["probe"])
    assert one["ood"].sizes["time"] == 2 * one["probe"].sizes["time"]
    assert not np.array_equal(one["probe"]["inputs"][:8], one["train"]["inputs"])


def test_trials_are_the_same_every_time_and_change_with_their_seed():
    condition = make_condition()
    assert generate(condition)["train"].identical(generate(condition)["train"])
    other = make_condition(trials={"seed": 1})
    assert not generate(condition)["train"].identical(generate(other)["train"])
