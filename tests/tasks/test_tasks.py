"""Tasks against what can be computed again from their inputs alone, and the kinds of trials out of distribution."""

import numpy as np
import pytest
from scipy.special import ndtri

from conftest import SCHEMA, make_condition
from degeneracy.experiment.resolve import resolve
from degeneracy.plugins.discovery import Plugin
from degeneracy.tasks import delayed_discrimination, flip_flop, lorenz96, path_integration, sine
from degeneracy.trials.generate import generate
from degeneracy.trials.schema import GROUPS

TASKS = ("delayed_discrimination", "flip_flop", "lorenz96", "path_integration", "sine")


def draw(task, count=50, ood=None):
    return task.trials(np.random.default_rng(0), count, ood)


def task_condition(name, **chosen):
    """Condition of a task with a few short trials."""
    config = {
        "trials": {"train": 8, "probe": 4, "ood": 64} | chosen,
        "sweeps": {"width": {"task": name, "factor": "model.width", "levels": [8]}},
    }
    return resolve(config, SCHEMA).conditions[0].spec


@pytest.mark.parametrize("name", TASKS)
def test_every_step_counts_and_longer_trials_are_longer(name):
    task = Plugin("tasks", name).load().Task()
    one, ood = draw(task), draw(task, ood="longer")
    assert (one.mask == 1).all() and (ood.mask == 1).all()
    assert ood.mask.shape[1] > one.mask.shape[1]


def test_the_generalisation_of_the_flip_flop_is_to_hold_bits_for_longer():
    task = flip_flop.Task(time_steps=50)
    probe, ood = draw(task, 2000), draw(task, 500, "generalisation")
    longest = max(np.diff(np.flatnonzero(trial)).max() for trial in probe.inputs[..., 0])  # time between pulses
    held = np.diff(np.flatnonzero(ood.inputs[..., 0]))  # each trial begins with a pulse
    assert ood.inputs.shape == (500, 200, 3) and np.mean(held > 2 * longest) > 0.05 and held.max() > 5 * longest
    pulses = [np.mean(np.abs(made.inputs[:, 1:])) for made in (probe, ood)]
    assert pulses == pytest.approx([0.3, 0.03], rel=0.02)


def test_the_generalisation_of_the_sine_is_to_the_steps_beyond_the_trained_time():
    made = draw(sine.Task(), ood="generalisation")
    assert made.mask.shape[1] == 200 and np.all(made.mask[:, :100] == 0) and np.all(made.mask[:, 100:] == 1)
    assert np.array_equal(made.targets, draw(sine.Task(), ood="longer").targets)


@pytest.mark.parametrize("horizon", [1, 4])
def test_the_generalisation_of_lorenz96_feeds_the_network_what_it_foretold(horizon):
    made = draw(lorenz96.Task(horizon=horizon, time_steps=30), ood="generalisation")
    fed, steps = made.fed_back, np.arange(len(made.fed_back))
    assert len(fed) == 55 and np.all(fed[:30] == -1) and np.array_equal(fed[30:], steps[30:] - horizon)
    assert np.array_equal(made.targets[:, fed[30:]], made.inputs[:, 30:])  # what it was to predict
    assert np.array_equal(made.mask[0], steps >= 30)


def pulses(inputs):
    """First steps of the two pulses of a channel's inputs (time,), and their amplitudes."""
    on = np.flatnonzero(inputs)
    assert len(on) == 10 and np.array_equal(on[:5], np.arange(5, 10)) and np.ptp(on[5:]) == 4
    assert np.ptp(inputs[on[:5]]) == 0 and np.ptp(inputs[on[5:]]) == 0
    return on[0], on[5], inputs[on[0]], inputs[on[5]]


@pytest.mark.parametrize(
    ("ood", "expected", "steps"),
    [(None, range(5, 21), 60), ("longer", range(10, 41, 2), 80), ("generalisation", range(40, 61), 100)],
)
def test_delayed_discrimination_answers_which_pulse_was_larger(ood, expected, steps):
    made = draw(delayed_discrimination.Task(channels=2, auxiliary=True), 400, ood)
    assert made.mask.shape[1] == steps
    delays, seen = set(), set()
    for inputs, targets in zip(made.inputs, made.targets, strict=True):
        for channel in range(2):
            first, second, f1, f2 = pulses(inputs[:, channel])
            assert f1 != f2
            choice, difference = np.zeros((2, steps))
            choice[second + 5 :] = np.sign(f2 - f1)
            difference[second + 5 :] = np.abs(f2 - f1) * 10 / 8
            assert np.array_equal(targets[:, channel], choice)
            assert np.allclose(targets[:, 2 + channel], difference, atol=1e-12)
            delays.add(int(second - first - 5))
            seen |= {round(f1 * 10, 9), round(f2 * 10, 9)}
    assert delays == set(expected)
    assert seen == set(range(2, 11))


def test_delayed_discrimination_channels_are_independent_and_balanced():
    choices = draw(delayed_discrimination.Task(channels=2), 4000).targets[:, -1]  # (trial, channel)
    assert np.abs(choices.mean(0)).max() < 0.06 and abs(np.mean(choices[:, 0] * choices[:, 1])) < 0.06


@pytest.mark.parametrize("ood", [None, "longer"])
def test_sines_have_the_frequency_asked_for(ood):
    task = sine.Task(channels=2, frequencies=30)  # whole numbers of Hz: whole periods in each trial of 1 s
    made = draw(task, 200, ood)
    steps = 200 if ood else 100
    assert made.targets.shape == (200, steps, 2)
    assert np.ptp(made.inputs, axis=1).max() == 0
    power = np.abs(np.fft.rfft(made.targets, axis=1)) / (steps / 2)
    frequency = np.fft.rfftfreq(steps, d=0.01)[power.argmax(1)]  # Hz (trial, channel)
    assert np.allclose(frequency, 30 * made.inputs[:, 0]) and np.allclose(power.max(1), 1)
    assert np.abs(made.targets[:, 0]).max() == 0 and np.all(made.targets[:, 1] > 0)
    assert np.array_equal(np.unique(np.round(frequency)), np.arange(1, 31))
    assert np.any(frequency[:, 0] != frequency[:, 1])


def test_sine_frequencies_are_evenly_spaced_and_all_of_them_constant_inputs():
    constants = sine.Task(channels=3, frequencies=5).constant_inputs()
    assert np.allclose(constants * 30, np.array([1, 8.25, 15.5, 22.75, 30])[:, None] * np.ones(3))


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("ood", [None, "longer"])
def test_positions_are_the_sum_of_the_inputs_and_stay_in_the_box(dimensions, ood):
    made = draw(path_integration.Task(dimensions=dimensions), 500, ood)
    heading, speed = made.inputs[..., :dimensions], made.inputs[..., dimensions] / 20
    start = made.inputs[..., dimensions + 1 :]
    position = np.cumsum(start + speed[..., None] * heading, axis=1)
    assert np.allclose(made.targets, position, rtol=0, atol=1e-12)
    assert np.abs(made.targets).max() <= 5 and np.abs(made.targets).max() > (4.99 if ood else 4)
    assert np.allclose(np.linalg.norm(heading, axis=-1), 1)
    assert speed.min() >= 0 and speed.max() <= 0.1 and abs(speed.mean() - 0.05) < 0.0015
    assert np.abs(start[:, 0]).max() <= 1 and np.abs(start[:, 0]).max() > 0.99
    assert np.all(start[:, 1:] == 0) and made.mask.shape[1] == (200 if ood else 100)


def test_headings_are_smooth_except_where_a_wall_reflects_them():
    made = draw(path_integration.Task(), 500, ood="longer")  # long enough to reach the walls
    heading = made.inputs[..., :2]
    turned = np.arccos(np.clip((heading[:, 1:] * heading[:, :-1]).sum(-1), -1, 1))  # rad (trial, time)
    sharp = turned > 1.5
    assert np.all(np.abs(made.targets[:, 1:]).max(-1)[sharp] > 4.6) and 0.001 < sharp.mean() < 0.05
    assert np.median(turned) == pytest.approx(0.6745 * path_integration.TURN, rel=0.1)  # of a Gaussian


def test_speeds_are_uniform_at_every_step_and_correlate_with_the_last():
    speed = draw(path_integration.Task(), 2000).inputs[..., 2] / 20
    assert np.allclose(speed.std(0), 0.1 / np.sqrt(12), rtol=0.06)  # a uniform distribution's, from the first step on
    drive = ndtri(speed / 0.1)
    assert np.corrcoef(drive[:, 1:].ravel(), drive[:, :-1].ravel())[0, 1] == pytest.approx(0.9, abs=0.005)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_angles_are_those_of_the_heading_and_starts_lie_anywhere_in_the_box(dimensions):
    made = draw(path_integration.Task(dimensions=dimensions, heading="angles", start="box"), 500)
    speed, start = made.inputs[..., dimensions - 1], made.inputs[..., dimensions:]
    azimuth = made.inputs[..., 0]
    elevation = made.inputs[..., 1] if dimensions == 3 else np.zeros_like(azimuth)
    flat = np.cos(elevation)
    heading = [flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)][:dimensions]
    position = np.cumsum(start + speed[..., None] * np.stack(heading, axis=-1), axis=1)
    assert np.allclose(made.targets, position, rtol=0, atol=1e-9) and np.abs(made.targets).max() <= 5
    assert 4.9 < np.abs(start[:, 0]).max() <= 5 and 0.09 < speed.max() <= 0.1


def test_path_integration_seeks_fixed_points_at_rest():
    for dimensions in (2, 3):
        (constant,) = path_integration.Task(dimensions=dimensions).constant_inputs()
        assert np.linalg.norm(constant[:dimensions]) == 1 and np.all(constant[dimensions:] == 0)


def attractor(count):
    return lorenz96.trajectory(np.random.default_rng(1), count, 1, 40, 8.0)[:, 0]  # (trial, variable)


def integrate(states, time_step, duration=0.8):
    for _ in range(round(duration / time_step)):
        states = lorenz96.advance(states, 8.0, time_step)
    return states


def test_lorenz96_slope_is_the_equation():
    x = np.random.default_rng(2).normal(2, 4, 7)
    expected = [(x[(i + 1) % 7] - x[i - 2]) * x[i - 1] - x[i] + 8 for i in range(7)]
    assert np.allclose(lorenz96.slope(x, 8.0), expected)


def test_lorenz96_integrates_at_fourth_order():
    states = attractor(20)
    exact = integrate(states, 0.8 / 1024)
    error = [np.sqrt(np.mean(np.square(integrate(states, 0.8 / steps) - exact))) for steps in (32, 64, 128)]
    assert np.allclose(np.log2(np.divide(error[:-1], error[1:])), 4, atol=0.25)


def test_lorenz96_largest_lyapunov_exponent():
    """At D = 40, F = 8; the errors of Lorenz & Emanuel (1998) double in 0.42 time units, ln 2 / 0.42 = 1.65."""
    states, step, size = attractor(100), lorenz96.TIME_STEP, 1e-6
    other = states + size * np.random.default_rng(3).standard_normal(states.shape)
    growth = []
    for _ in range(1000):
        apart = other - states
        length = np.linalg.norm(apart, axis=1, keepdims=True)
        growth.append(np.log(length[:, 0] / size))
        other = states + apart * size / length
        states, other = lorenz96.advance(states, 8.0, step), lorenz96.advance(other, 8.0, step)
    assert np.mean(growth[200:]) / step == pytest.approx(1.67, abs=0.1)  # the first 10 time units align


@pytest.mark.parametrize("horizon", [1, 4])
def test_lorenz96_targets_are_the_inputs_later_and_standardised(horizon):
    made = draw(lorenz96.Task(horizon=horizon), 100)
    assert np.array_equal(made.targets[:, :-horizon], made.inputs[:, horizon:])
    assert abs(made.inputs.mean()) < 0.02 and abs(made.inputs.std() - 1) < 0.02
    mean, deviation = lorenz96.climate(40, 8.0)
    assert (mean, deviation) == pytest.approx((2.34, 3.64), abs=0.005)
    followed = lorenz96.advance(made.inputs * deviation + mean, 8.0, lorenz96.TIME_STEP)
    for _ in range(horizon - 1):
        followed = lorenz96.advance(followed, 8.0, lorenz96.TIME_STEP)
    assert np.allclose(made.targets, (followed - mean) / deviation)


def test_lorenz96_equilibrium_stays_where_it_is():
    task = lorenz96.Task()
    mean, deviation = lorenz96.climate(40, 8.0)
    rest = task.constant_inputs()[1] * deviation + mean
    assert np.allclose(rest, 8) and np.allclose(lorenz96.advance(rest, 8.0, 0.05), rest)


@pytest.mark.parametrize("name", TASKS)
def test_noise_out_of_distribution_has_the_size_asked_for_and_leaves_the_targets(name):
    quiet = generate(task_condition(name, ood_kind="noise", ood_noise=0.0))
    noisy = generate(task_condition(name, ood_kind="noise", ood_noise=0.3))
    longer = generate(task_condition(name, ood_kind="longer"))
    assert noisy["train"].identical(longer["train"]) and noisy["probe"].identical(longer["probe"])
    assert noisy["ood"].sizes["time"] == noisy["probe"].sizes["time"] < longer["ood"].sizes["time"]
    assert np.array_equal(noisy["ood"]["targets"], quiet["ood"]["targets"])
    noise = (noisy["ood"]["inputs"] - quiet["ood"]["inputs"]).values
    assert noise.std((0, 1)) == pytest.approx(0.3, rel=0.05) and np.abs(noise.mean((0, 1))).max() < 0.02
    assert abs(np.mean(noise[:, 1:] * noise[:, :-1])) < 0.005


def test_groups_have_random_streams_of_their_own():
    made = generate(task_condition("path_integration", train=4, ood=4, ood_kind="noise", ood_noise=0.0))
    more = generate(task_condition("path_integration", train=9, ood=4, ood_kind="noise", ood_noise=0.0))
    starts = np.concatenate([made[group]["inputs"][:, 0].values for group in GROUPS])
    assert len(np.unique(starts, axis=0)) == 16
    assert made["probe"].identical(more["probe"]) and made["ood"].identical(more["ood"])
    other = generate(task_condition("path_integration", train=4, ood=4, seed=1))
    assert not np.isin(other["probe"]["inputs"][:, 0, 0], starts[:, 0]).any()


def test_the_size_of_a_noise_that_no_trials_get_is_refused():
    with pytest.raises(ValueError, match=r'ood_noise: given 0.3, but trials.ood_kind is "gen.*", must be "noise"'):
        task_condition("sine", ood_noise=0.3)


def test_without_a_choice_trials_out_of_distribution_are_the_generalisation_of_the_task():
    assert make_condition()["trials"]["ood_kind"] == "generalisation"
