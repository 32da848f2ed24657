import numpy as np
import pytest
import xarray as xr

from degeneracy.metrics import alignment_to_task
from populations import Visited, random

INPUTS, TARGETS = random(40, 6, 2), random(40, 6, 3, seed=1)


class WithTrials(Visited):
    def trials(self, group):
        dims = {"inputs": ("trial", "time", "input"), "targets": ("trial", "time", "output"), "mask": ("trial", "time")}
        values = {"inputs": INPUTS, "targets": self.targets, "mask": self.mask}
        return xr.Dataset({name: (dims[name], value) for name, value in values.items()})

    targets, mask = TARGETS, np.ones((40, 6))


def aligned(*states, **changed):
    population = WithTrials(*states)
    for name, value in changed.items():
        setattr(population, name, value)
    return alignment_to_task.value(population)


def test_states_are_like_the_targets_or_the_inputs_up_to_a_rotation_and_noise_is_like_neither():
    history = np.zeros((40, 6, 12))
    for time in range(6):
        history[:, time, : 2 * time + 2] = INPUTS[:, : time + 1].reshape(40, -1)
    turn = np.linalg.qr(random(12, 12))[0]
    found = aligned(2 * history @ turn + 1, np.pad(TARGETS, ((0, 0), (0, 0), (0, 9))), random(40, 6, 12, seed=2))
    np.testing.assert_allclose(np.diagonal(np.stack([found["input"], found["target"]])), 1, atol=1e-9)
    others = [found["input"][1], found["target"][0], found["input"][2], found["target"][2]]
    np.testing.assert_allclose(others, 0, atol=0.1)
    np.testing.assert_allclose(found["value"], found["target"] - found["input"])


def test_only_times_count_at_which_the_targets_differ_and_the_loss_does():
    targets, mask = TARGETS.copy(), np.ones((40, 6))
    targets[:, :2], mask[:, 5] = 0, 0
    states = targets.copy()
    states[:, [0, 1, 5]] = random(40, 3, 3, seed=3)  # unlike them where it does not count
    found = aligned(states, targets=targets, mask=mask)
    assert found["target"].item() == pytest.approx(1)
    assert np.isfinite(found["target_by_time"][0]).tolist() == [False, False, True, True, True, False]


def test_what_is_not_known_is_nan_with_a_reason_and_the_rest_goes_on(capsys):
    found = aligned(TARGETS, np.full_like(TARGETS, np.nan))
    assert found["target"][0] == pytest.approx(1) and np.isnan(found["target"][1])
    assert np.isnan(aligned(TARGETS, targets=np.ones_like(TARGETS))["value"]).all()
    said = capsys.readouterr().out
    assert "network 1: NaN" in said and "all networks: NaN, because inputs or targets are the same" in said
