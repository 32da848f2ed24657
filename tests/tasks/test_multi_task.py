import numpy as np
import pytest

from conftest import SCRIPTS, make_condition
from degeneracy.plugins.code_hash import code_hash
from degeneracy.plugins.discovery import PACKAGE, tasks_of
from degeneracy.tasks import flip_flop, memory_pro, multi_task

TASK = multi_task.Task(first="flip_flop", second="memory_pro")


def test_each_trial_is_one_of_the_two_tasks_and_the_cue_says_which():
    made = TASK.trials(np.random.default_rng(0), 400)
    cue = made.inputs[..., -2:]
    assert np.ptp(cue, axis=1).max() == 0 and np.all(cue.sum(-1) == 1) and abs(cue[:, 0, 0].mean() - 0.5) < 0.06
    first = cue[:, 0, 0] == 1
    pulses = made.inputs[first][..., :3]  # of the flip-flop
    last = np.maximum.accumulate(np.where(pulses != 0, np.arange(100)[:, None], 0), axis=1)
    assert np.array_equal(made.targets[first], np.take_along_axis(pulses, last, axis=1))
    assert np.all(made.mask[first] == 1)
    go = made.inputs[~first][..., 0].sum(1).astype(int)  # the fixation of the memory-guided response goes out
    rows = np.arange(len(go))
    assert np.array_equal(made.targets[~first][rows, go, 1:], made.inputs[~first][:, 7, 1:3])
    assert np.array_equal(made.mask[~first].sum(1), go + 10)


def test_channels_suffice_for_either_task_and_fixed_points_are_sought_for_both():
    task = multi_task.Task(first="memory_pro", second="sine")
    assert len(task.inputs) == 5 and len(task.outputs) == 3
    constants = TASK.constant_inputs()
    assert np.array_equal(constants[:, -2:], [[1, 0], [0, 1], [0, 1]])
    both = [flip_flop.Task().constant_inputs(), memory_pro.Task().constant_inputs()]
    assert np.array_equal(constants[:, :3], np.concatenate(both))


def test_a_task_that_feeds_outputs_back_is_refused_in_words():
    task = multi_task.Task(second="lorenz96")
    with pytest.raises(ValueError, match=r"lorenz96 generalises in a closed loop, must have trials.ood_kind longer"):
        task.trials(np.random.default_rng(0), 2, "generalisation")
    assert task.trials(np.random.default_rng(0), 2, "longer").fed_back is None


def test_the_code_of_both_tasks_counts():
    condition = make_condition() | {"task": {"name": "multi_task", "first": "sine", "second": "memory_pro"}}
    assert [plugin.name for plugin in tasks_of(condition)] == ["multi_task", "sine", "memory_pro"]
    assert [plugin.name for plugin in tasks_of(make_condition())] == ["flip_flop"]
    script = SCRIPTS / "generate_trials.py"
    alone = code_hash(script, PACKAGE / "tasks" / "multi_task.py")
    assert code_hash(script, *(plugin.source for plugin in tasks_of(condition))) != alone
