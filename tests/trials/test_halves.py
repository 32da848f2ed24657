import numpy as np

from degeneracy.tasks import sine
from degeneracy.trials.halves import split_distinct
from populations import random


def test_halves_share_no_trial_and_untrained_networks_have_their_first_parameters(trained):
    one, other = (half.trials("probe")["inputs"].values for half in trained.halves())
    whole = trained.trials("probe")["inputs"].values
    assert len(one) + len(other) == len(whole)
    assert np.array_equal(np.sort(np.concatenate([one, other]), axis=0), np.sort(whole, axis=0))
    assert not any(np.array_equal(x, y) for x in one for y in other)
    assert np.array_equal(trained.halves()[1].states, trained.states[:, 1::2])
    assert trained.where(np.array([False, True])).halves()[0].trials("probe").sizes["trial"] == len(one)
    assert trained.halves()[0].trials("train").sizes == trained.trials("train").sizes
    for name, values in trained.untrained().parameters.items():
        assert np.array_equal(values, trained.initial_parameters[name])
        assert not np.array_equal(values, trained.parameters[name])


def test_copies_of_a_trial_are_in_one_half():
    few = np.array([3, 1, 3, 3, 1, 2, 3, 2, 0, 3])[:, None, None] * np.ones((1, 4, 2))
    assert split_distinct(few) == ([1, 4, 5, 7], [0, 2, 3, 6, 8, 9])
    assert split_distinct(random(7, 2, 1)) == ([0, 2, 4, 6], [1, 3, 5])  # in their own order
    one_copy = np.array([5, 4, 3, 5, 2, 1])[:, None, None]
    assert split_distinct(one_copy) == ([0, 3, 4], [1, 2, 5])  # in the order of 5, 4 | 3, 2 | 1
    generator = np.random.default_rng(0)
    for channels in (1, 2):
        drawn = sine.Task(channels=channels).trials(generator, 256).inputs
        halves = split_distinct(drawn)
        one, other = ({trial.tobytes() for trial in drawn[half]} for half in halves)
        assert not one & other and abs(len(one) - len(other)) <= 1 and abs(len(halves[0]) - len(halves[1])) < 10
        assert sorted(halves[0] + halves[1]) == list(range(256))
