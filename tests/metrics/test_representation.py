import numpy as np
import pytest
import xarray as xr

from conftest import make_population
from degeneracy.measurement import measure as measuring
from degeneracy.metrics import cka, debiased_cka, procrustes
from degeneracy.status import Status
from populations import Visited, random


def rotation(size, seed=0):
    return np.linalg.qr(random(size, size, seed=seed))[0]


def between(metric, one, other):
    a, b = (metric.features(Visited(each)) for each in (one, other))
    return metric.distance(a, b).item()


@pytest.mark.parametrize("metric", [cka, debiased_cka, procrustes])
def test_a_turned_scaled_and_shifted_copy_is_at_distance_zero_and_a_sheared_one_is_not(metric):
    states = random(4, 15, 6)
    assert between(metric, states, 3 * states @ rotation(6) + random(6)) < 1e-6
    assert between(metric, states, states @ np.diag([5, 1, 1, 1, 1, 1.0])) > 0.1


@pytest.mark.parametrize("metric", ["cka", "debiased_cka", "procrustes", "svcca"])
@pytest.mark.parametrize("bias", [0, 0.3, np.nan])
def test_a_network_that_stands_still_is_nan_unless_it_learnt_the_task(metric, bias, trained):
    three = xr.concat([trained.networks, trained.networks.isel(network=[0])], "network", combine_attrs="override")
    three = three.assign_coords(network=np.arange(3))
    for name in ("recurrent_weights", "input_weights"):
        three[name][2] = 0
    three["bias"][2] = bias  # the states are all tanh(bias) but for rounding
    population = make_population(three, trained.condition, trained.trials_path)
    with pytest.raises(ValueError, match="network 2: its states on the probe trials never change"):
        measuring.measure(metric, population, {})
    three["status"][2] = Status.NOT_CONVERGED
    found = measuring.measure(metric, population, {})["distance"].values
    assert np.isnan(found[2, :2]).all() and np.isnan(found[:2, 2]).all()
    assert np.array_equal(found[:2, :2], measuring.measure(metric, trained, {})["distance"])


def test_cka_is_that_of_the_centred_gram_matrices():
    one, other = random(3, 10, 5), random(3, 10, 7, seed=1)
    centring = np.eye(30) - 1 / 30
    k, m = (centring @ x.reshape(30, -1) @ x.reshape(30, -1).T @ centring for x in (one, other))
    expected = 1 - np.sum(k * m) / (np.linalg.norm(k) * np.linalg.norm(m))
    assert between(cka, one, other) == pytest.approx(expected, abs=1e-12)


def test_debiased_cka_is_that_of_the_u_centred_gram_matrices():
    def u_centred(x):  # Székely & Rizzo 2014
        gram, n = x @ x.T, len(x)
        np.fill_diagonal(gram, 0)
        rows = gram.sum(0) / (n - 2)
        centred = gram - rows - rows[:, None] + gram.sum() / ((n - 1) * (n - 2))
        np.fill_diagonal(centred, 0)
        return centred

    one, other = random(3, 4, 5), random(3, 4, 7, seed=1)
    k, m = (u_centred(x.reshape(12, -1)) for x in (one, other))
    expected = 1 - np.sum(k * m) / (np.linalg.norm(k) * np.linalg.norm(m))
    assert between(debiased_cka, one, other) == pytest.approx(expected, abs=1e-12)


def test_debiased_cka_puts_unrelated_states_at_distance_one_with_few_samples_too():
    pairs = [(random(1, 20, 50, seed=2 * seed), random(1, 20, 50, seed=2 * seed + 1)) for seed in range(50)]
    assert np.mean([between(debiased_cka, *pair) for pair in pairs]) == pytest.approx(1, abs=0.05)
    assert np.mean([between(cka, *pair) for pair in pairs]) < 0.5


def test_procrustes_is_the_angle_at_the_best_rotation_and_no_sampled_one_is_better():
    one, other = random(3, 10, 2), random(3, 10, 2, seed=1)
    x, y = (each.reshape(30, 2) - each.reshape(30, 2).mean(0) for each in (one, other))
    turns = np.linspace(0, 2 * np.pi, 100001)
    c, s = np.cos(turns), np.sin(turns)
    product = x.T @ y / (np.linalg.norm(x) * np.linalg.norm(y))
    rotations = c * (product[0, 0] + product[1, 1]) + s * (product[0, 1] - product[1, 0])
    reflections = c * (product[0, 0] - product[1, 1]) + s * (product[0, 1] + product[1, 0])
    best = np.arccos(max(rotations.max(), reflections.max()))
    assert between(procrustes, one, other) == pytest.approx(best, abs=1e-6)
