import numpy as np

from conftest import make_condition
from degeneracy.tasks import sine
from degeneracy.trials.generate import generate


def test_replicate_trials_are_as_many_as_the_probe_trials_and_others():
    groups = generate(make_condition(trials={"train": 8, "probe": 40, "ood": 8}))
    probe, replicate = (groups[name]["inputs"].values for name in ("probe", "replicate"))
    assert probe.shape == replicate.shape
    assert not any(np.array_equal(one, other) for one in probe for other in replicate)


def test_both_groups_hold_each_of_a_few_different_trials_equally_often():
    condition = make_condition(trials={"train": 300, "probe": 100, "ood": 8})
    made = generate(condition | {"task": {"name": "sine", "channels": 2, "frequencies": 4}})
    assert made["probe"].equals(made["replicate"])
    trials, counts = np.unique(made["probe"]["inputs"].values[:, 0], axis=0, return_counts=True)
    assert len(trials) == 16 and set(counts) == {6, 7}
    shown = {tuple(row) for row in np.unique(made["train"]["inputs"].values[:, 0], axis=0)}
    assert {tuple(row) for row in trials} == shown  # and no others
    many = generate(condition | {"task": {"name": "sine", "channels": 2, "frequencies": 11}})  # 121, more than 100
    assert not many["probe"].equals(many["replicate"])
    assert sine.Task(channels=16, frequencies=10).distinct() is None
