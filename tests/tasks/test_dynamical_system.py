"""Chaotic systems against their equations and the exponents that are known of them."""

import numpy as np
import pytest

from degeneracy.tasks import _flows, dynamical_system


def draw(ood=None, count=50, **options):
    return dynamical_system.Task(**options).trials(np.random.default_rng(0), count, ood)


def largest_exponent(flow: _flows.Flow, count: int, steps: int) -> float:
    """Mean growth of small distances, a unit of time, after a fifth of the steps for them to align."""
    states, size = flow.trajectory(np.random.default_rng(1), count, 1)[:, 0], 1e-7
    other = states + size * np.random.default_rng(2).standard_normal(states.shape)
    growth = []
    for _ in range(steps):
        apart = other - states
        length = np.linalg.norm(apart, axis=1, keepdims=True)
        growth.append(np.log(length / size).mean())
        other = states + apart * (size / length)
        states, other = flow.advance(states), flow.advance(other)
    return float(np.mean(growth[steps // 5 :]) / flow.time_step)


@pytest.mark.parametrize(
    ("system", "count", "steps", "exponent", "tolerance"),
    [("lorenz63", 400, 2000, 0.906, 0.01), ("rossler", 200, 2000, 0.071, 0.004)],
)
def test_the_largest_exponent_is_the_known_one(system, count, steps, exponent, tolerance):
    """Sprott (2003), Chaos and Time-Series Analysis, tables A.5: 0.9056 and 0.0714."""
    assert largest_exponent(_flows.FLOWS[system], count, steps) == pytest.approx(exponent, abs=tolerance)


@pytest.mark.parametrize("system", _flows.FLOWS)
def test_flows_are_integrated_at_fourth_order_and_finely_enough(system):
    flow = _flows.FLOWS[system]
    states = flow.trajectory(np.random.default_rng(0), 20, 1)[:, 0]

    def after(substeps, time_step=flow.time_step):
        now = states
        for _ in range(substeps):
            now = _flows.runge_kutta(flow.slope, now, time_step / substeps)
        return now

    exact = after(256)
    errors = [np.sqrt(np.mean(np.square(after(substeps) - exact))) for substeps in (8, 16, 32)]
    assert np.allclose(np.log2(np.divide(errors[:-1], errors[1:])), 4, atol=0.4)
    _, deviation = _flows.climate(system)
    assert np.sqrt(np.mean(np.square((flow.advance(states) - exact) / deviation))) < 1e-3


def test_equilibria_of_the_flows():
    root = np.sqrt(8 / 3 * 27)
    assert np.allclose(_flows.lorenz63(np.array([[0, 0, 0], [root, root, 27], [-root, -root, 27]])), 0)
    z = (5.7 - np.sqrt(5.7**2 - 4 * 0.2 * 0.2)) / 0.4
    assert np.allclose(_flows.rossler(np.array([0.2 * z, -z, z])), 0)
    assert np.allclose(_flows.lorenz96(np.full(10, 8.0)), 0)


@pytest.mark.parametrize("system", _flows.FLOWS)
@pytest.mark.parametrize("horizon", [1, 3])
def test_targets_are_the_standardised_states_later(system, horizon):
    made = draw(system=system, horizon=horizon, count=200)
    assert np.array_equal(made.targets[:, :-horizon], made.inputs[:, horizon:])
    assert np.abs(made.inputs.mean((0, 1))).max() < 0.15 and np.abs(made.inputs.std((0, 1)) - 1).max() < 0.1
    mean, deviation = _flows.climate(system)
    later = made.inputs * deviation + mean
    for _ in range(horizon):
        later = _flows.FLOWS[system].advance(later)
    assert np.allclose(made.targets, (later - mean) / deviation)


def test_from_the_start_alone_only_the_first_input_is_given():
    given, alone = draw(), draw(drive="start")
    assert np.array_equal(alone.inputs[:, 0], given.inputs[:, 0]) and np.all(alone.inputs[:, 1:] == 0)
    assert np.array_equal(alone.targets, given.targets)
    ood = draw("generalisation", drive="start")
    assert ood.fed_back is None and np.array_equal(np.flatnonzero(ood.mask[0]), np.arange(100, 200))


def test_the_generalisation_is_a_closed_loop():
    made = draw("generalisation", horizon=2)
    assert np.array_equal(np.flatnonzero(made.fed_back >= 0), np.arange(100, 125))
    assert np.array_equal(made.fed_back[100:], np.arange(98, 123))
    assert np.array_equal(made.mask[0] == 1, made.fed_back >= 0)


def test_an_unknown_system_is_one_sentence():
    with pytest.raises(ValueError, match="system: given Lorentz; allowed: lorenz63, rossler, lorenz96, and"):
        dynamical_system.Task(system="Lorentz")


def test_a_system_of_dysts_is_that_system():
    """Its Lorenz-63 has b = 2.667, and its metadata says 0.892 for the exponent that is 0.906."""
    pytest.importorskip("dysts")
    flow, states = _flows.flow_of("Lorenz"), np.random.default_rng(0).normal(0, 10, (5, 3))
    x, y, z = states.T
    assert np.allclose(flow.slope(states), np.stack([10 * (y - x), x * (28 - z) - y, x * y - 2.667 * z], axis=1))
    made = draw(system="Halvorsen", count=20)
    assert made.inputs.shape == (20, 100, 3) and np.isfinite(made.inputs).all() and 0.5 < made.inputs.std() < 1.5
    for system in ("MackeyGlass", "ForcedBrusselator"):  # one has a delay, the other a drive
        with pytest.raises(ValueError, match="allowed"):
            _flows.flow_of(system)
