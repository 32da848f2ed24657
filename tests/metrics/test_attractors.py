"""Attractors of trajectories that are known, and of networks that run by themselves."""

from dataclasses import replace

import numpy as np
import pytest

from degeneracy.measurement.measure import measure
from degeneracy.metrics import _attractors, _free_run, attractor_distance, attractor_error
from degeneracy.tasks import dynamical_system
from populations import predicting_population, random

SHORT = {"steps": 40, "trials": 4}


@pytest.fixture(scope="module")
def population(tmp_path_factory):
    return predicting_population(tmp_path_factory.mktemp("attractors"))


def test_the_same_trajectories_are_at_0_and_other_ones_of_a_system_nearer_than_another_system():
    def trajectories(system, seed):
        return dynamical_system.Task(system, time_steps=300).trials(np.random.default_rng(seed), 20).targets

    one, again, other = trajectories("lorenz63", 0), trajectories("lorenz63", 1), trajectories("rossler", 0)
    edges = _attractors.grid(one, 15)
    p, q, r = (_attractors.occupation(each, edges) for each in (one, again, other))
    assert _attractors.divergence(p, p) == 0
    assert 0 < 10 * _attractors.divergence(p, q) < _attractors.divergence(p, r)
    p, q, r = (_attractors.spectrum(each, 2.0) for each in (one, again, other))
    assert _attractors.hellinger(p, p) == 0
    assert 0 < 3 * _attractors.hellinger(p, q) < _attractors.hellinger(p, r) < 1


def test_divergence_and_hellinger_distance_of_distributions_of_known_distance():
    edges = np.array([[0.0, 1.0, 2.0]])
    p, q = (_attractors.occupation(np.array([values])[..., None], edges) for values in ([0.5, 1.5], [0.5, 0.5, 0.5, 9]))
    assert np.allclose(q, [[0.75, 0.25]], atol=1e-5)  # what is beyond the grid is at its rim
    assert _attractors.divergence(p, q) == pytest.approx(0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(2), abs=1e-4)
    times = np.arange(64) / 64
    slow, fast = (np.sin(2 * np.pi * cycles * times)[None, :, None] for cycles in (3, 11))
    p, q, still = (_attractors.spectrum(each, 0.0) for each in (slow, fast, 0 * slow + 7))
    assert p[3, 0] == pytest.approx(1) and still[0, 0] == 1
    assert _attractors.hellinger(p, q) == pytest.approx(1) and _attractors.hellinger(p, still) == pytest.approx(1)
    assert _attractors.hellinger(p, 0.5 * p + 0.5 * q) == pytest.approx(np.sqrt(1 - np.sqrt(0.5)))


def test_more_than_three_variables_are_compared_in_the_planes_of_neighbours():
    states = random(2, 500, 4)
    edges = _attractors.grid(states, 6)
    planes = _attractors.occupation(states, edges)
    assert planes.shape == (4, 36)
    assert np.allclose(planes[3], _attractors.occupation(states[..., [3, 0]], edges[[3, 0]])[0])


def test_a_network_by_itself_hears_its_outputs(population):
    """The outputs are those of a loop that is written out; `horizon` steps later they are the inputs."""
    for horizon in (1, 3):
        population.__dict__["task"] = replace(dynamical_system.Task(time_steps=12), horizon=horizon)
        found = _free_run.outputs(population, 6, 2)
        given = population.trials("probe")["inputs"].values[:2]
        for _ in range(6):
            _, answers = population.run(np.concatenate([given, 0 * given[:, :1]], axis=1))
            given = np.concatenate([given, answers[0, :, given.shape[1] - horizon][:, None]], axis=1)
        _, answers = population.run(given)
        np.testing.assert_allclose(found[0], answers[0][:, 12:], atol=1e-12)
    del population.__dict__["task"]


def test_a_network_that_is_the_system_has_the_error_of_the_system(population, monkeypatch):
    task = replace(population.task, time_steps=200)
    true = task.trials(np.random.default_rng(0), 8).targets
    monkeypatch.setattr(_free_run, "outputs", lambda *_: np.stack([true, np.full_like(true, 0.1)]))
    found = attractor_error.value(population, steps=200, trials=8)
    assert found["value"][0] == 0 and found["spectrum"][0] == 0
    assert found["value"][1] > 3 * found["system_value"][1] and found["spectrum"][1] > 0.8


@pytest.mark.parametrize("metric", ["attractor_error", "attractor_distance"])
def test_a_network_that_leaves_all_bounds_is_nan_with_a_reason_and_the_others_go_on(metric, population, capsys):
    data = population.networks.copy(deep=True)
    data["readout_weights"][1] = np.inf
    found = measure(metric, replace(population, networks=data), SHORT, lambda line: None)
    assert "network 1: NaN, because its outputs are not finite" in capsys.readouterr().out
    own = found["value"] if "value" in found else found["floor"]
    assert np.isfinite(own.values).tolist() == [True, False]


def test_networks_that_need_no_inputs_run_on_without_any(tmp_path):
    population = predicting_population(tmp_path, drive="start")
    found = _free_run.outputs(population, 5, 2)
    given = population.trials("probe")["inputs"].values[:2]
    _, expected = population.run(np.pad(given, ((0, 0), (0, 5), (0, 0))))
    np.testing.assert_array_equal(found, expected[:, :, 12:])
    assert np.isfinite(attractor_distance.features(population, **SHORT)["power"]).all()
