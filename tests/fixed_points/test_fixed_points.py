import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import xarray as xr

from conftest import make_condition, make_population
from degeneracy.artifacts import store
from degeneracy.fixed_points import at_input
from degeneracy.fixed_points.at_input import of_one_network
from degeneracy.fixed_points.completeness import share_found, unseen
from degeneracy.fixed_points.completion import empty_corners
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


def made_up(population, points, shares):
    """The population with points (network, converged, unstable and marginal directions, dimension) and shares found."""
    names = ("network", "converged", "n_unstable", "n_marginal", "dimension")
    columns = {name: ("point", list(column)) for name, column in zip(names, zip(*points, strict=True), strict=True)}
    found = {"completeness": ("seed", shares), "completeness_error": ("seed", [0.1, 0.2])}
    return Population(population.networks, fixed_points=xr.Dataset(columns | found).assign_coords(seed=[1, 0]))


def test_counts_are_of_converged_points_by_unstable_directions_and_slow_and_marginal_points_apart(trained):
    points = [(0, 1, 0), (0, 1, 2), (1, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 3), (0, 0, 1), (1, 1, 2), (0, 1, 2)]
    marginal = [(0, 1, 0, 1, 0), (0, 1, 5, 1, 1)]
    population = made_up(trained, [(*point, 0, 0) for point in points] + marginal, [0.5, 1.0])
    data = measuring.measure("fixed_point_counts", population, {})
    assert data["value"].values.tolist() == [6, 2] and data["slow"].values.tolist() == [1, 2]
    assert data["stable"].values.tolist() == [2, 0]
    assert data["by_unstable"].values.tolist() == [[2, 0, 2], [0, 1, 1]]
    assert data["marginal"].values.tolist() == [2, 0] and data["continua"].values.tolist() == [1, 0]
    assert data["completeness"].values.tolist() == [1.0, 0.5]


def test_the_share_of_points_found_is_averaged_over_the_networks_used(trained):
    some = made_up(trained, [(0, 1, 0, 0, 0), (1, 1, 0, 0, 0)], [0.5, 1.0])  # of networks 1 and 0
    data, described = measuring.measure("fixed_point_counts", some, {}), {"value": ("fixed points", "1")}
    both = summarise([1], [data], 0.95, described)
    assert both["completeness"].item() == 0.75
    assert both["completeness_error"].item() == pytest.approx(np.hypot(0.1, 0.2) / 2)
    networks = some.networks.copy(deep=True)
    networks["status"][0] = Status.NOT_CONVERGED
    data = measuring.measure("fixed_point_counts", replace(some, networks=networks), {})
    assert summarise([1], [data], 0.95, described)["completeness"].item() == 0.5
    assert "completeness" not in summarise([1], [data.drop_vars("completeness")], 0.95, described)


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


def test_hits_count_the_drawn_starts_that_reached_each_point(trained):
    points = find(trained, OPTIONS | {"starts": 40, "rounds": 0}, lambda line: None)
    for seed in trained.seeds:
        own = points.isel(point=(points["network"].values == seed)).sel(seed=seed)
        assert own["hits"].sum() == own["starts_converged"] <= own["starts"] == 40
        assert own["fixed_points"] == own["converged"].sum() == 27 and own["index_sum"] == 1
        assert np.any(own["hits"] == 0)  # 40 starts do not reach 27 points: the completion found some of these


class Given:
    """A map of states onto states, as a cell without parameters; one network of it has these visited states."""

    def __init__(self, step, bounded):
        self.map, self.bounded = step, bounded

    def step(self, parameters, state, inputs):
        return self.map(state)

    def jacobian(self, parameters, state, inputs):
        state = state.clone().requires_grad_()
        after = self.map(state).sum(0)  # (unit)
        rows = [torch.autograd.grad(each, state, retain_graph=True)[0] for each in after]
        return torch.stack(rows, 1)  # (point, unit, source_unit)

    def points(self, states, **options):
        network = SimpleNamespace(parameters={}, device="cpu", states=states[None])
        return of_one_network(self, network, np.zeros(1), OPTIONS | options, np.random.default_rng(0))


@pytest.mark.parametrize("channels", [5, 6])
def test_few_starts_find_every_point_of_many_independent_bits(channels):
    corners = np.array(list(itertools.product([-0.9575, 0.9575], repeat=channels)))
    found = Given(lambda state: torch.tanh(2 * state), True).points(corners[None], starts=256)
    assert found.counts["fixed_points"] == 3**channels and found.index_sum == 1 and found.missing < 0.5
    assert np.array_equal(
        np.sort(np.round(found.points["state"], 3), axis=0)[[0, -1]], [[-0.958], [0.958]] * np.ones(channels)
    )


def test_rounds_go_on_while_indices_do_not_add_up(monkeypatch):
    rounds = iter([[[0.9], [0.9], [-0.9], [-0.9]], [[0.01], [0.01], [0.01], [0.01]]])  # wells, then the saddle
    monkeypatch.setattr(at_input, "starts", lambda *given: np.array(next(rounds)))
    cell = Given(lambda state: torch.tanh(2 * state), True)
    found = cell.points(np.zeros((1, 1, 1)), starts=4, rounds=9)
    assert found.counts["starts"] == 8 and found.index_sum == 1 and sorted(found.points["hits"]) == [2, 2, 4]
    rounds = iter([[[0.01]], [[0.01]]])
    found = cell.points(np.zeros((1, 1, 1)), starts=1, rounds=1)
    assert found.index_sum == -1 and found.missing == 2


RANDOM = np.random.default_rng(3)
PLANE = torch.as_tensor(np.linalg.qr(RANDOM.standard_normal((8, 2)))[0])  # (unit, 2)
REST = torch.eye(8, dtype=torch.float64) - PLANE @ PLANE.T
LINE = torch.as_tensor(np.outer(*2 * [np.abs(RANDOM.standard_normal(8))]))


def circle(state):
    place = state @ PLANE
    return place * (1.5 - 0.5 * place.square().sum(-1, keepdim=True)) @ PLANE.T + 0.5 * torch.tanh(state @ REST)


@pytest.mark.parametrize(
    "step, bounded, dimensions, unstable",
    [
        (lambda state: state @ (PLANE[:, :1] @ PLANE[:, :1].T + 0.5 * REST), False, [1], [0]),
        (lambda state: state @ (PLANE @ PLANE.T + 0.5 * REST), False, [2], [0]),
        (lambda state: torch.relu(state @ (LINE / LINE.trace())), False, [1], [0]),
        (lambda state: torch.clamp(state @ (PLANE[:, :1] @ PLANE[:, :1].T), -0.5, 0.5), True, [1], [0]),
        (circle, True, [0, 1], [2, 0]),
        (lambda state: torch.tanh(2 * state[..., :3]), True, [0] * 27, None),
    ],
    ids=["line", "plane", "half-line of rectified units", "line of clipped units", "ring and its centre", "points"],
)
def test_a_continuum_is_one_object_with_a_dimension(step, bounded, dimensions, unstable):
    states = np.random.default_rng(0).standard_normal((20, 1, 3 if unstable is None else 8))
    found = Given(step, bounded).points(states, starts=100)
    assert sorted(found.points["dimension"][found.points["converged"] == 1]) == dimensions
    assert np.array_equal(found.points["n_marginal"] > 0, found.points["dimension"] > 0)
    if unstable is not None:
        order = np.argsort(found.points["dimension"])
        assert found.points["n_unstable"][order].tolist() == unstable
        assert found.counts["starts"] == 100 and found.missing == 0  # the indices say nothing, and no round follows


def test_a_marginal_point_that_leads_nowhere_is_a_point():
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])  # a centre: eigenvalues ±i
    found = Given(lambda state: state @ torch.as_tensor(turn), False).points(np.ones((1, 1, 2)), starts=20)
    assert found.points["dimension"].tolist() == [0] and found.points["n_marginal"].tolist() == [2]
    assert found.points["n_unstable"].tolist() == [0]


def test_the_number_of_points_not_reached_is_estimated_without_bias_and_with_its_error():
    generator = np.random.default_rng(0)
    estimates, truths = [], []
    for _ in range(300):
        hits = np.bincount(generator.choice(80, 160), minlength=80)
        estimates.append(unseen(hits))
        truths.append(np.sum(hits == 0))
    missing, errors = np.array(estimates).T
    assert np.mean(truths) > 8 and np.mean(missing) == pytest.approx(np.mean(truths), rel=0.15)
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(np.std(missing - truths), rel=0.25)
    assert share_found(30, 10.0, 4.0) == (0.75, 0.075) and np.isnan(share_found(0, 0.0, 0.0)).all()
    assert unseen(np.array([9, 7, 0]))[0] == 0 and 0 < unseen(np.array([2, 2, 2]))[1] < 1


def test_empty_corners_complete_a_grid_and_leave_out_what_was_tried():
    grid = np.array(list(itertools.product([-1.0, 0.0, 1.0], repeat=2)))
    for place in (4, 7):
        rest, missing = np.delete(grid, place, axis=0), grid[[place]]
        assert np.allclose(empty_corners(rest, grid[:0], 9, np.random.default_rng(0)), missing)
        assert len(empty_corners(rest, missing, 9, np.random.default_rng(0))) == 0
    assert len(empty_corners(grid, grid[:0], 9, np.random.default_rng(0))) == 0


def test_noise_is_in_units_of_the_spread_of_the_states(trained, monkeypatch):
    used = []

    def record(states, count, noise, generator):
        used.append(noise / states.std(axis=(0, 1)).mean())
        return starts(states, count, noise, generator)

    starts = at_input.starts
    monkeypatch.setattr(at_input, "starts", record)
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
    assert max(sizes) == 7  # the search and the eigenvalues
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
        if name == "mergeable_units":
            continue  # NaN: it is for cells of rates
        known = Plugin("metrics", name).options
        options = {key: value for key, value in {"rank": 2, "delays": 2}.items() if key in known}
        result = measuring.measure(name, population, Plugin("metrics", name).complete(options, name))
        found = result["distance"].values[0, 1] if "distance" in result else result["value"].values[0]
        assert np.isfinite(found), name


def all_diverged(networks):
    return networks.assign(status=("network", np.full(networks.sizes["network"], Status.DIVERGED)))
