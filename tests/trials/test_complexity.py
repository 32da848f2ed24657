import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from conftest import ROOT, make_condition
from degeneracy.artifacts import store
from degeneracy.plugins.discovery import Plugin
from degeneracy.trials import complexity
from degeneracy.trials.generate import generate
from degeneracy.trials.schema import COMPLEXITY, TRIALS


def measured(task: str, count: int, **options) -> xr.Dataset:
    made = Plugin("tasks", task).load().Task(**options).trials(np.random.default_rng(0), count)
    dims = {"inputs": ("trial", "time", "input"), "targets": ("trial", "time", "output"), "mask": ("trial", "time")}
    return complexity.measure(xr.Dataset({name: (dims[name], getattr(made, name)) for name in dims}))


def bits(*probabilities):
    return -sum(p * np.log2(p) for p in probabilities)


def demand(inputs, targets):
    counted = np.ones(inputs.shape[:2], bool)
    return complexity.memory_demand(inputs, targets, counted, np.random.default_rng(0))


@pytest.mark.parametrize("channels", [1, 3])
def test_flip_flop_holds_a_bit_a_channel_and_its_demand_is_the_age_of_the_last_pulse(channels):
    steps, pulse = 30, 0.5
    found = measured("flip_flop", 600, channels=channels, time_steps=steps, pulse_probability=pulse)
    assert found["target_entropy"] == pytest.approx(channels, abs=0.01)
    assert found["target_dimension"] == pytest.approx(channels, abs=0.02)
    zero = (1 - pulse) * (steps - 1) / steps  # a pulse at the first step is certain
    expected = channels * bits(zero, (1 - zero) / 2, (1 - zero) / 2)
    assert found["input_entropy"] == pytest.approx(expected, abs=0.02)
    assert not found["target_entropy_is_bound"] and not found["input_entropy_is_bound"]
    # k steps explain all but the bits whose last pulse is older, (1 - p)^k of those seen for that long
    window = np.arange(1, 10)
    explained = 1 - (1 - pulse) ** window * (steps - window) / steps
    known = found["explained_variance"].sel(window=[1, 2]).values
    assert known == pytest.approx(explained[:2], abs=0.04)
    assert found["memory_demand"] == window[np.argmax(explained >= 0.9)]


@pytest.mark.parametrize("lag", [0, 1, 6])
@pytest.mark.parametrize("form", [np.sign, lambda x: x, np.cos], ids=["sign", "identity", "cosine"])
def test_a_target_that_repeats_an_input_k_steps_old_demands_k_and_one_steps(lag, form):
    inputs = np.random.default_rng(1).normal(0, 1, (200, 24, 1))
    targets = np.zeros_like(inputs)
    targets[:, lag:] = form(inputs[:, : inputs.shape[1] - lag])
    assert demand(inputs, targets).demand == lag + 1


def test_demand_is_the_time_since_a_constant_input_began():
    inputs = np.zeros((80, 40, 1))  # not even told from what lies before the trial by its value
    targets = np.broadcast_to((np.arange(40)[:, None] // 10 % 2).astype(float), inputs.shape)
    # the target changes last after 30 steps: with 30, the tenth step of the third part is told from the fourth
    assert demand(inputs, targets).demand == pytest.approx(30, abs=2)
    assert demand(inputs, np.ones_like(inputs) * (np.arange(40) >= 3)[:, None]).demand == 4


def test_demand_of_a_sum_is_the_share_of_its_terms():
    inputs = np.random.default_rng(2).normal(0, 1, (400, 40, 1))
    targets = np.stack([inputs[:, max(0, t - 19) : t + 1].sum(1) for t in range(40)], axis=1)
    found = demand(inputs, targets)
    assert found.regressor == "ridge and trees" and 16 <= found.demand <= 19  # 90% of twenty terms


def test_copies_of_trials_learnt_from_are_told():
    assert measured("sine", 400, frequencies=4, time_steps=20)["copied_trials"] == 1
    assert measured("flip_flop", 60, time_steps=30)["copied_trials"] == 0


def test_noise_has_no_demand():
    generator = np.random.default_rng(3)
    found = demand(generator.normal(0, 1, (200, 10, 1)), generator.normal(0, 1, (200, 10, 1)))
    assert np.isnan(found.demand)


def test_demand_grows_with_the_delay():
    demands = [
        measured("delayed_discrimination", 3000, delay_minimum=5, delay_maximum=longest)["memory_demand"].item()
        for longest in (5, 15, 25)
    ]
    assert demands[0] < demands[1] < demands[2]
    # at the last step of the longest trial the first pulse is the onset before its start
    assert all(longest + 20 < steps <= longest + 35 for steps, longest in zip(demands, (5, 15, 25), strict=True))


def test_entropy_of_a_continuous_channel_is_that_of_its_bins():
    samples = np.random.default_rng(4).uniform(-3, 5, (100000, 1))
    assert complexity.entropy(samples).value == pytest.approx(4, abs=0.001)
    assert complexity.entropy(1000 * samples + 1) == pytest.approx(complexity.entropy(samples))
    assert complexity.entropy(np.concatenate([samples, samples], 1)).value == pytest.approx(4, abs=0.001)


def test_a_joint_entropy_out_of_reach_gives_way_to_its_bound():
    samples = np.random.default_rng(5).integers(0, 2, (2000, 40))
    found = complexity.entropy(samples)
    assert found.is_bound and found.value == found.sum == pytest.approx(40, abs=0.1)
    assert not complexity.entropy(samples[:, :4]).is_bound


def test_miller_and_madow_correct_small_samples():
    generator = np.random.default_rng(6)
    found = [complexity.entropy(generator.integers(0, 8, (60, 1))).value for _ in range(300)]
    assert np.mean(found) == pytest.approx(3, abs=0.02)  # the plug-in estimate alone is 0.08 too low


def test_participation_ratio_of_known_covariances():
    generator = np.random.default_rng(7)
    samples = generator.standard_normal((20000, 4))
    assert complexity.participation_ratio(samples) == pytest.approx(4, abs=0.02)
    assert complexity.participation_ratio(samples[:, :1] * [1, 2, -3]) == pytest.approx(1)
    assert complexity.participation_ratio(samples * [2, 1, 1, 0]) == pytest.approx(36 / 18, abs=0.05)
    assert np.isnan(complexity.participation_ratio(np.ones((5, 2))))


def test_script_writes_an_artifact(tmp_path):
    condition = make_condition(trials={"train": 40, "probe": 4, "ood": 4})
    store.write(tmp_path / "trials.nc", TRIALS, generate(condition), condition, "cpu", 0.0)
    command = [sys.executable, str(ROOT / "workflow/scripts/compute_complexity.py")]
    paths = ["--trials", str(tmp_path / "trials.nc"), "--output", str(tmp_path / "complexity.nc")]
    subprocess.run([*command, *paths], check=True, capture_output=True)
    found = store.read(tmp_path / "complexity.nc", COMPLEXITY)
    assert found["target_entropy"] == pytest.approx(3, abs=0.3) and found["window"].values[-1] == 12


def test_steps_without_weight_in_the_loss_do_not_count():
    generator = np.random.default_rng(8)
    inputs = generator.integers(0, 2, (200, 12, 1)).astype(float)
    targets, mask = inputs.copy(), np.ones((200, 12))
    targets[:, 6:], mask[:, 6:] = generator.normal(0, 9, (200, 6, 1)), 0
    dims = {"inputs": ("trial", "time", "input"), "targets": ("trial", "time", "output"), "mask": ("trial", "time")}
    arrays = {"inputs": inputs, "targets": targets, "mask": mask}
    found = complexity.measure(xr.Dataset({name: (dims[name], array) for name, array in arrays.items()}))
    assert found["target_entropy"] == pytest.approx(1, abs=0.01)
    assert found["memory_demand"] == 1 and found["explained_variance"].values[0] > 0.99


def test_one_trial_is_refused():
    with pytest.raises(ValueError, match="given 1 trial"):
        demand(np.zeros((1, 5, 1)), np.zeros((1, 5, 1)))
