import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

from conftest import make_condition, make_population
from degeneracy.artifacts import store
from degeneracy.fixed_points import find as finding
from degeneracy.fixed_points.find import find
from degeneracy.fixed_points.merge import unique
from degeneracy.fixed_points.search import CHUNK_BYTES
from degeneracy.measurement import measure as measuring
from degeneracy.networks import population as population_module
from degeneracy.networks import training
from degeneracy.networks.population import Population
from degeneracy.plugins.discovery import Plugin, make_cell, names
from degeneracy.statistics.summary import summarise
from degeneracy.status import Status
from degeneracy.trials.generate import generate
from degeneracy.trials.schema import TRIALS

OPTIONS = {
    **{"starts": 600, "noise": 0.3, "tolerance": 1e-24, "slow_tolerance": 1e-4},
    **{"merge_distance": 1e-5, "iterations": 200, "seed": 0, "rounds": 4},
}


def bistable_population(channels, tmp_path, gain=2.0, networks=(0,)):
    """Networks of N independent units h = tanh(gain · h), without input or bias."""
    condition = make_condition(model={"width": channels}, task={"channels": channels})
    path = tmp_path / "trials.nc"
    groups = generate(condition)
    store.write(path, TRIALS, groups, condition, "cpu", 0.0)
    made = training.train(condition, list(networks), groups["train"], torch.device("cpu"), lambda line: None)
    for name in ("recurrent_weights", "input_weights", "bias"):
        made[name][:] = 0
    made["recurrent_weights"][:] = gain * np.eye(channels)
    made["input_weights"][:] = 2 * np.eye(channels)
    return make_population(made, condition, str(path))


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_independent_bistable_units_have_three_to_the_n_fixed_points(channels, tmp_path):
    points = find(bistable_population(channels, tmp_path), OPTIONS, lambda line: None)
    well = 0.9575040240772687  # positive root of h = tanh(2h)
    expected = np.array(list(itertools.product([-well, 0, well], repeat=channels)))
    found = points["state"].values[points["converged"].values == 1]
    assert len(found) == 3**channels
    gaps = np.linalg.norm(found[:, None] - expected[None], axis=-1)
    assert np.all(gaps.min(0) < 1e-9)
    # the unit at zero is the unstable one
    assert np.array_equal(points["n_unstable"].values, (np.abs(points["state"].values) < 0.5).sum(1))
    assert np.all(points["speed"] < 1e-24)


def test_a_single_well_has_one_stable_point(tmp_path):
    points = find(bistable_population(2, tmp_path, gain=0.5), OPTIONS, lambda line: None)
    assert len(points["speed"]) == 1 and points["n_unstable"].item() == 0
    assert np.allclose(points["state"], 0, atol=1e-10)
    assert np.allclose(points["eigenvalues_real"], 0.5) and np.allclose(points["eigenvalues_imag"], 0)


def test_a_point_that_is_overshot_is_unstable(tmp_path):
    """h = tanh(−2 h): the eigenvalue −2 lies outside the unit circle, and its real part does not exceed 1."""
    points = find(bistable_population(2, tmp_path, gain=-2.0), OPTIONS, lambda line: None)
    assert points["n_unstable"].values.tolist() == [2] and np.allclose(points["eigenvalues_real"], -2)


def test_trained_three_bit_networks_store_the_eight_corners(trained):
    points = find(trained, OPTIONS, lambda line: None)
    corners = np.array(list(itertools.product([-1, 1], repeat=3)))
    for index, seed in enumerate(trained.seeds):
        stable = (points["network"] == seed) & (points["converged"] == 1) & (points["n_unstable"] == 0)
        states = points["state"].values[stable.values]
        outputs = states @ trained.parameters["readout_weights"][index].T + trained.parameters["readout_bias"][index]
        assert len(states) == 8
        assert np.abs(outputs[:, None] - corners[None]).max(-1).min(0).max() < 0.2
    assert points["starts_converged"].values.min() > 0.95 * OPTIONS["starts"]


def test_points_are_fixed_and_their_stability_is_that_of_the_map(trained):
    points = find(trained.where(trained.seeds == 1), OPTIONS, lambda line: None)
    named = {name: value[1].astype(float) for name, value in trained.parameters.items()}
    for state, unstable in zip(points["state"].values, points["n_unstable"].values, strict=True):
        after = np.tanh(named["recurrent_weights"] @ state + named["bias"])
        assert np.allclose(after, state, atol=1e-11)
        moved = state + 1e-6 * np.random.default_rng(0).standard_normal(len(state))
        for _ in range(300):
            moved = np.tanh(named["recurrent_weights"] @ moved + named["bias"])
        assert (np.linalg.norm(moved - state) < 1e-4) == (unstable == 0)


def test_near_miss_is_a_slow_point_and_no_fixed_point(tmp_path):
    population = bistable_population(1, tmp_path, gain=1.3)
    population.networks["bias"][0] = 0.16  # just past the saddle-node: the ghost of two lost fixed points remains
    points = find(population, OPTIONS | {"slow_tolerance": 1e-2}, lambda line: None)
    assert points["converged"].values.tolist().count(1) == 1
    slow = points.isel(point=points["converged"].values == 0)
    assert slow.sizes["point"] == 1 and 1e-8 < slow["speed"].item() < 1e-2


def test_result_depends_on_the_seed_of_the_network_alone(trained):
    both = find(trained, OPTIONS | {"starts": 100}, lambda line: None)
    one = find(trained.where(trained.seeds == 1), OPTIONS | {"starts": 100}, lambda line: None)
    assert np.array_equal(both["state"].values[both["network"].values == 1], one["state"].values)


def test_diverged_networks_have_no_points(trained):
    data = trained.networks.copy(deep=True)
    data["status"][0] = Status.DIVERGED
    data["recurrent_weights"][0] = np.nan
    broken = make_population(data, trained.condition, trained.trials_path)
    points = find(broken, OPTIONS | {"starts": 50}, lambda line: None)
    assert set(points["network"].values) == {1}


def test_indices_add_up_to_one_and_tell_when_points_are_missing(trained):
    every, few = find(trained, OPTIONS, lambda line: None), OPTIONS | {"starts": 12}
    assert every["fixed_points"].values.tolist() == [27, 27] and np.all(every["index_sum"] == 1)
    once = find(trained, few | {"rounds": 0}, lambda line: None)
    again = find(trained, few | {"rounds": 30}, lambda line: None)
    told = once["index_sum"].values[:, 0] != 1
    assert np.any(told) and np.all(once["fixed_points"].values[told] < 27)
    assert np.all(again["starts"].values[told] > 12) and again.sizes["point"] > once.sizes["point"]
    # that no round is left is the only reason to end with a sum other than 1
    assert np.all((again["index_sum"].values[:, 0] == 1) | (again["starts"].values == 31 * 12))


def made_up(population, points, index_sum):
    """The population with points (network, converged, unstable directions) and sums of indices (network, condition)."""
    network, converged, unstable = (("point", list(column)) for column in zip(*points, strict=True))
    indices = {"index_sum": (("seed", "condition"), np.array(index_sum))}
    points = xr.Dataset({"network": network, "converged": converged, "n_unstable": unstable} | indices)
    return Population(population.networks, fixed_points=points.assign_coords(seed=[1, 0]))


def test_counts_are_of_converged_points_by_unstable_directions_and_slow_points_apart(trained):
    points = [(0, 1, 0), (0, 1, 2), (1, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 3), (0, 0, 1), (1, 1, 2), (0, 1, 2)]
    data = measuring.measure("fixed_point_counts", made_up(trained, points, [[1], [1]]), {})
    assert data["value"].values.tolist() == [4, 2] and data["slow"].values.tolist() == [1, 2]
    assert data["stable"].values.tolist() == [2, 0]
    assert data["by_unstable"].values.tolist() == [[2, 0, 2], [0, 1, 1]]


@pytest.mark.parametrize("activation, complete", [("tanh", [0, 1]), ("relu", [1, 1])])
def test_counts_known_to_be_too_low_are_told_and_counted(activation, complete, trained):
    condition = trained.condition | {"model": trained.condition["model"] | {"activation": activation}}
    population = make_population(trained.networks.copy(deep=True), condition, trained.trials_path)
    points = [(0, 1, 0), (1, 1, 0)]
    some = made_up(population, points, [[1, 1], [1, 0]])  # of networks 1 and 0, at two constant inputs
    data = measuring.measure("fixed_point_counts", some, {})
    assert data["complete"].values.tolist() == complete
    few = complete.count(0)
    described = {"value": ("fixed points", "1")}
    assert summarise([1, 2], [data, data], 0.95, described)["n_incomplete"].values.tolist() == [few, few]
    some.networks["status"][0] = Status.NOT_CONVERGED
    data = measuring.measure("fixed_point_counts", some, {})
    assert summarise([1], [data], 0.95, described)["n_incomplete"].values.tolist() == [0]
    assert "n_incomplete" not in summarise([1], [data.drop_vars("complete")], 0.95, described)


def test_unique_keeps_the_slowest_of_each_cluster():
    state = np.array([[0.0, 0], [1e-7, 0], [1, 1], [1, 1 + 1e-7], [2, 2]])
    kept = unique(state, np.array([2.0, 1.0, 5.0, 6.0, 0.0]), 1e-5)
    assert kept.tolist() == [1, 2, 4]


@pytest.mark.parametrize("apart, kept", [(0.9, 1), (1.1, 2), (6.4, 2)])
def test_unique_merges_what_is_close_whatever_the_number_of_units(apart, kept):
    rays = np.concatenate([np.ones((1, 64)) / 8, np.random.default_rng(0).standard_normal((20, 64))])
    for ray in rays / np.linalg.norm(rays, axis=1, keepdims=True):
        pair = 1e-5 * apart * np.array([[0.5], [-0.5]]) * ray
        assert len(unique(pair, np.zeros(2), 1e-5)) == kept


def test_hits_count_the_starts_that_reached_each_point_and_half_of_them_find_no_more_than_all(trained):
    points = find(trained, OPTIONS | {"starts": 40, "rounds": 0}, lambda line: None)
    for seed in trained.seeds:
        own = points.isel(point=(points["network"].values == seed)).sel(seed=seed)
        assert own["hits"].sum() == own["starts_converged"] and np.all(own["hits"][own["converged"].values == 1] >= 1)
        assert own["fixed_points"] == own["converged"].sum()
        # 20 starts that each find one of 27 points as seldom as once cannot have found all
        assert own["found_by_half"] <= 20 and own["found_by_half"] < own["fixed_points"]
    many = find(trained, OPTIONS | {"starts": 4000, "rounds": 0}, lambda line: None)
    assert np.array_equal(many["found_by_half"], many["fixed_points"])


def test_rounds_go_on_while_one_start_alone_reached_a_point(tmp_path):
    # the indices of points of independent units add up to 1 with whole lines of points missing
    population = bistable_population(3, tmp_path)
    few = OPTIONS | {"starts": 16, "noise": 0.2}
    once = find(population, few | {"rounds": 0}, lambda line: None)
    again = find(population, few | {"rounds": 60}, lambda line: None)
    assert np.any(once["hits"] == 1) and np.all(again["hits"] >= 2)
    assert again["fixed_points"] == 27 and np.all(again["index_sum"] == 1)


def test_rounds_go_on_while_indices_do_not_add_up_though_every_point_was_reached_twice(tmp_path, monkeypatch):
    population = bistable_population(1, tmp_path)
    rounds = iter([[[0.9], [0.9], [-0.9], [-0.9]], [[0.01], [0.01], [0.01], [0.01]]])  # wells, then the saddle
    monkeypatch.setattr(finding, "starts", lambda *given: np.array(next(rounds)))
    found = find(population, OPTIONS | {"starts": 4, "rounds": 9}, lambda line: None)
    assert found["starts"] == 8 and found["index_sum"] == 1
    assert sorted(found["hits"].values) == [2, 2, 4]


def test_noise_is_in_units_of_the_spread_of_the_states(trained, monkeypatch):
    used = []

    def record(states, partners, count, noise, generator):
        used.append(noise / states.std(axis=(0, 1)).mean())
        return starts(states, partners, count, noise, generator)

    starts = finding.starts
    monkeypatch.setattr(finding, "starts", record)
    find(trained, OPTIONS | {"starts": 10, "rounds": 0}, lambda line: None)
    assert used == pytest.approx([0.3, 0.3], rel=0.2)  # mean and root mean square of the units' spreads are alike
    large = make_population(trained.networks, trained.condition, trained.trials_path)
    large.__dict__["states"] = 7 * trained.states
    find(large, OPTIONS | {"starts": 10, "rounds": 0}, lambda line: None)
    assert used[2:] == pytest.approx(used[:2])


def test_few_points_at_a_time_give_the_same_points_in_less_memory(trained, monkeypatch):
    population = trained.where(trained.seeds == 1)
    options = OPTIONS | {"starts": 50, "rounds": 0}
    whole = find(population, options, lambda line: None)
    sizes = []
    cell = type(make_cell(trained.condition))
    jacobian = cell.jacobian

    def record(self, parameters, state, inputs):
        sizes.append(len(state))
        return jacobian(self, parameters, state, inputs)

    monkeypatch.setattr(cell, "jacobian", record)
    monkeypatch.setitem(CHUNK_BYTES, "cpu", 7 * 8 * 48**2)
    few = find(population, options, lambda line: None)
    assert max(sizes) == 7
    gaps = np.linalg.norm(few["state"].values[:, None] - whole["state"].values, axis=-1)
    assert few.sizes == whole.sizes and np.all(gaps.min(1) < 1e-10)
    assert np.array_equal(few["hits"], whole["hits"][gaps.argmin(1)])


class SecondOrder:
    """The vanilla cell with its last state beside it: (h, k) becomes (vanilla step of h, h)."""

    bounded = True

    def __init__(self, cell):
        self.cell, self.width, self.state_size = cell, cell.width, 2 * cell.width

    def parameter_dims(self):
        return self.cell.parameter_dims()

    def initialise(self, generator, inputs, outputs):
        return self.cell.initialise(generator, inputs, outputs)

    def step(self, parameters, state, inputs):
        now = state[..., : self.width]
        return torch.cat([self.cell.step(parameters, now, inputs), now], -1)

    def jacobian(self, parameters, state, inputs):
        now, eye = state[..., : self.width], torch.eye(self.width, dtype=state.dtype)
        upper = self.cell.jacobian(parameters, now, inputs)
        lower = eye.expand(upper.shape)
        return torch.cat(
            [torch.cat([part, torch.zeros_like(part)], -1) for part in (upper, lower)], -2
        )  # (…, state, state)

    def states(self, parameters, inputs):
        first = self.cell.states(parameters, inputs)  # (network, time, trial, unit)
        return torch.cat([first, torch.nn.functional.pad(first, (0, 0, 0, 0, 1, 0))[:, :-1]], -1)

    def readout(self, parameters, states):
        return self.cell.readout(parameters, states[..., : self.width])


def test_a_state_larger_than_the_width_has_fixed_points_and_every_metric(tmp_path, monkeypatch):
    one_order = bistable_population(2, tmp_path, networks=(0, 1))
    alone = find(one_order, OPTIONS, lambda line: None)
    monkeypatch.setattr(population_module, "make_cell", lambda condition: SecondOrder(make_cell(condition)))
    population = replace(one_order)
    points = find(population, OPTIONS, lambda line: None)
    assert points["state"].shape[1] == 4 and len(points["state"]) == len(alone["state"]) == 18
    assert np.array_equal(np.sort(points["n_unstable"]), np.sort(alone["n_unstable"]))
    nothing = find(replace(population, networks=all_diverged(population.networks)), OPTIONS, lambda line: None)
    assert nothing["state"].shape == (0, 4)
    population = replace(population, fixed_points=points)
    for name in names("metrics"):
        known = Plugin("metrics", name).options
        options = {key: value for key, value in {"rank": 2, "delays": 2}.items() if key in known}
        result = measuring.measure(name, population, Plugin("metrics", name).complete(options, name))
        found = result["distance"].values[0, 1] if "distance" in result else result["value"].values[0]
        assert np.isfinite(found), name


def all_diverged(networks):
    return networks.assign(status=("network", np.full(networks.sizes["network"], Status.DIVERGED)))
