import numpy as np
import pytest

from degeneracy.tasks import memory_pro


@pytest.mark.parametrize(
    ("ood", "expected"), [(None, range(5, 21)), ("longer", range(10, 41, 2)), ("generalisation", range(40, 61))]
)
def test_the_direction_that_was_shown_is_answered_after_the_delay(ood, expected):
    made = memory_pro.Task().trials(np.random.default_rng(0), 400, ood)
    steps, delays = made.mask.shape[1], set()
    assert steps == 20 + max(expected)
    for inputs, targets, mask in zip(made.inputs, made.targets, made.mask, strict=True):
        shown = np.flatnonzero(np.any(inputs[:, 1:] != 0, axis=1))
        assert np.array_equal(shown, np.arange(5, 10)) and np.ptp(inputs[shown, 1:], axis=0).max() == 0
        go = int(inputs[:, 0].sum())
        assert np.all(inputs[:go, 0] == 1) and np.array_equal(targets[:, 0], inputs[:, 0])
        answered = np.zeros((steps, 2))
        answered[go : go + 10] = inputs[7, 1:]
        assert np.array_equal(targets[:, 1:], answered) and np.array_equal(mask, np.arange(steps) < go + 10)
        delays.add(go - 10)
    assert delays == set(expected)


def test_directions_lie_all_around_the_circle():
    shown = memory_pro.Task().trials(np.random.default_rng(0), 4000).inputs[:, 7, 1:]
    assert np.allclose(np.linalg.norm(shown, axis=1), 1) and np.abs(shown.mean(0)).max() < 0.03
