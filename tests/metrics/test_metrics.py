import json

import numpy as np
import pytest
import torch
import xarray as xr

from conftest import make_population
from degeneracy.artifacts import store
from degeneracy.drawing.sweeps import SweepArtifacts
from degeneracy.figures import degeneracy as figure
from degeneracy.fixed_points.find import find
from degeneracy.measurement import measure as measuring
from degeneracy.measurement import pairs
from degeneracy.metrics import cka, fixed_point_distance, kernel_alignment, procrustes
from degeneracy.metrics._symmetry import signs_are_free
from degeneracy.networks.population import Population
from degeneracy.plugins.discovery import Plugin, make_cell, names
from degeneracy.statistics.summary import summarise
from degeneracy.status import Status
from degeneracy.tasks import sine
from degeneracy.trials.generate import generate
from degeneracy.trials.halves import split_distinct
from degeneracy.trials.schema import GROUPS, TRIALS


class Visited:
    """States (network, trial, time, unit) in the place of a population."""

    def __init__(self, *states):
        self.states, self.seeds = np.stack(states), np.arange(len(states))
        self.status, self.device = np.full(len(states), Status.CONVERGED), "cpu"


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def rotation(size, seed=0):
    return np.linalg.qr(random(size, size, seed=seed))[0]


def between(metric, one, other):
    a, b = (metric.features(Visited(each)) for each in (one, other))
    return metric.distance(a, b).item()


@pytest.mark.parametrize("metric", [cka, procrustes])
def test_a_turned_scaled_and_shifted_copy_is_at_distance_zero_and_a_sheared_one_is_not(metric):
    states = random(4, 15, 6)
    assert between(metric, states, 3 * states @ rotation(6) + random(6)) < 1e-6
    assert between(metric, states, states @ np.diag([5, 1, 1, 1, 1, 1.0])) > 0.1


@pytest.mark.parametrize("metric", ["cka", "procrustes", "svcca"])
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


def moved_copy(population, order, signs):
    """The same networks with their units in another order and with other signs."""
    data = population.networks.copy(deep=True)
    for name in data.attrs["parameters"].split():
        for full in (name, f"initial_{name}"):
            for dim in set(data[full].dims) & {"unit", "source_unit"}:
                data[full] = (data[full] * xr.DataArray(signs, dims=dim)).isel({dim: order})
    return make_population(data, population.condition, population.trials_path)


def joined(one, other):
    both = xr.concat([one.networks, other.networks], "network", combine_attrs="override")
    both = both.assign_coords(network=np.arange(both.sizes["network"]))
    return make_population(both, one.condition, one.trials_path)


@pytest.fixture(scope="module")
def flipped(trained):
    generator = np.random.default_rng(0)
    width = trained.networks.sizes["unit"]
    return moved_copy(trained, generator.permutation(width), generator.choice([-1.0, 1.0], width))


@pytest.mark.parametrize("metric", ["signed_permutation_distance", "joint_permutation_distance"])
def test_a_flipped_and_permuted_network_is_the_same_network(metric, trained, flipped):
    inputs = trained.trials("probe")["inputs"].values[:4]
    assert np.allclose(trained.run(inputs)[1], flipped.run(inputs)[1], atol=1e-6)
    pair = joined(trained.where(np.array([True, False])), flipped.where(np.array([True, False])))
    data = measuring.measure(metric, pair, {})
    assert data["distance"].values[0, 1] < 1e-5 and data["signed"].values[0, 1] == 1
    unsigned = measuring.measure("permutation_distance", pair, {})
    assert unsigned["distance"].values[0, 1] > 1


@pytest.mark.parametrize("owned", ["readout_weights", "input_weights", "bias"])
def test_joint_distance_sees_what_the_recurrent_weights_alone_do_not(owned, trained):
    data = trained.networks.copy(deep=True)
    for name in ("recurrent_weights", "input_weights", "bias", "readout_weights"):
        data[name][1] = data[name][0]
    data[owned][1] += 0.1
    pair = make_population(data, trained.condition, trained.trials_path)
    recurrent = measuring.measure("signed_permutation_distance", pair, {})["distance"].values[0, 1]
    joint = measuring.measure("joint_permutation_distance", pair, {})
    size = data[owned][0].size
    assert recurrent < 1e-6 and joint["distance"].values[0, 1] == pytest.approx(0.1 * size**0.5, rel=1e-3)
    assert joint["relative"].values[0, 1] < joint["distance"].values[0, 1]


def test_signs_are_free_for_tanh_alone(trained):
    assert signs_are_free(trained)
    for activation in ("relu", "sigmoid", "softplus"):
        condition = trained.condition | {"model": trained.condition["model"] | {"activation": activation}}
        assert not signs_are_free(make_population(trained.networks, condition, trained.trials_path))


SEARCH = dict(starts=96, rounds=2, noise=0.6, tolerance=1e-24, slow_tolerance=1e-4, merge_distance=1e-5, iterations=200)


def with_fixed_points(population):
    found = find(population, SEARCH | {"seed": 0}, report=lambda line: None)
    return Population(population.networks, population.trials_path, found)


def test_fixed_point_distance_is_zero_for_a_moved_copy_and_not_between_networks(trained, flipped):
    own = with_fixed_points(trained)
    copy = own.fixed_points.copy(deep=True)
    generator = np.random.default_rng(0)
    width = trained.networks.sizes["unit"]
    order, signs = generator.permutation(width), generator.choice([-1.0, 1.0], width)
    shuffled = generator.permutation(copy.sizes["point"])
    moved = Population(
        flipped.networks,
        flipped.trials_path,
        copy.assign(state=(copy["state"] * xr.DataArray(signs, dims="unit")).isel(unit=order)).isel(point=shuffled),
    )
    a, b = fixed_point_distance.features(own), fixed_point_distance.features(moved)
    assert np.allclose(fixed_point_distance.distance(a, b)["distance"], 0, atol=1e-6)
    unstable = [own.fixed_points["n_unstable"].values[own.fixed_points["network"] == seed] > 0 for seed in own.seeds]
    assert [np.sum(kind == 0) for kind in a["kind"]] == [np.sum(~each) for each in unstable]
    assert [np.sum(kind == 1) for kind in a["kind"]] == [np.sum(each) for each in unstable]
    data = measuring.measure("fixed_point_distance", own, {})
    assert 1e-3 < data["distance"].values[0, 1] <= 1
    assert np.all(data["null"] == 0) and "0 by construction" in data["null"].attrs["long_name"]
    assert data["untrained_distance"].isnull().all() and "not known" in data["untrained_distance"].attrs["long_name"]


def test_fixed_point_distance_of_sets_of_known_distance():
    stable, saddle = np.zeros(2, int), np.array([0, 1])
    x = np.array([[0.0, 0.0], [3.0, 0.0]])
    none = np.zeros((0, 2)), np.zeros(0, int)

    def apart(*sets):
        return fixed_point_distance.between(*sets, cutoff=1.0)

    assert apart(x, stable, x[::-1], stable) == (0, 0)
    assert apart(x, stable, x + np.array([0, 0.2]), stable) == pytest.approx((0.2 / np.sqrt(2), 0))
    for outputs in (1, 2, 4):  # the same error of each output is the same distance, whatever their number
        wide = 10 * random(2, outputs)
        assert apart(wide, stable, wide + 0.3, stable) == pytest.approx((0.3, 0))
    assert apart(x, stable, x, saddle) == (0.5, 0.5)
    assert apart(x, stable, x[:1], stable[:1]) == (0.5, 0.5)
    assert apart(x, stable, x + 10, stable) == (1, 1)
    assert apart(x, stable, *none) == (1, 1) and apart(*none, *none) == (0, 0)


def test_fixed_point_features_are_outputs_in_sds_of_the_targets_by_stability_and_constant_input(trained, tmp_path):
    groups = {group: trained.trials(group) for group in ("train", "probe", "ood")}
    train = groups["train"].copy(deep=True)
    train["mask"][:, ::3] = 0
    train["targets"][:] = np.where(train["mask"].values[..., None] > 0, 5 + 2 * np.sign(train["targets"].values), 100)
    condition = trained.condition | {"task": {"name": "sine", "channels": 3, "frequencies": 3}}
    store.write(tmp_path / "trials.nc", TRIALS, groups | {"train": train}, condition, "cpu", 0.0)
    states, kinds = random(4, trained.networks.sizes["unit"]), np.array([0, 5, 3, 2])  # 2 · input + unstable
    constants = np.linspace(1, 30, 3) / 30  # three frequencies, the same in all channels
    points = xr.Dataset(
        {
            "network": ("point", [0, 1, 0, 1]),
            "converged": ("point", [1, 1, 1, 1]),
            "state": (("point", "unit"), states),
            "input": (("point", "input_channel"), np.repeat(constants[kinds // 2, None], 3, axis=1)),
            "n_unstable": ("point", 2 * (kinds % 2)),
        }
    )
    population = make_population(trained.networks, condition, str(tmp_path / "trials.nc"))
    population = Population(population.networks, population.trials_path, points)
    found = fixed_point_distance.features(population)
    assert found["kind"].tolist() == [[0, 3], [5, 2]]
    targets = train["targets"].values[train["mask"].values > 0].astype(float)
    spread = np.sqrt(targets.var(axis=0).mean())
    assert 1 < spread <= 2
    for network in (0, 1):
        weights, bias = (
            trained.parameters[name][network].astype(float) for name in ("readout_weights", "readout_bias")
        )
        expected = (states[network::2] @ weights.T + bias) / spread
        assert np.allclose(found["outputs"][network], expected)


def test_networks_without_fixed_points_are_at_the_cutoff_from_the_others(trained):
    own = with_fixed_points(trained)
    lost = own.fixed_points.isel(point=own.fixed_points["network"].values == 0)
    data = measuring.measure("fixed_point_distance", Population(own.networks, own.trials_path, lost), {"cutoff": 0.7})
    assert data["distance"].values[0, 1] == pytest.approx(0.7)


def small_networks(trained, activation, width=5):
    condition = json.loads(json.dumps(trained.condition))
    condition["model"] |= {"activation": activation, "width": width}
    cell = make_cell(condition)
    return cell, {
        name: torch.as_tensor(x) for name, x in cell.initialise(np.random.default_rng(1), inputs=3, outputs=2).items()
    }


@pytest.mark.parametrize("activation", ["tanh", "softplus"])
def test_kernel_is_that_of_the_dense_jacobian_of_the_step_recursion(activation, trained):
    cell, parameters = small_networks(trained, activation)
    inputs = torch.as_tensor(random(3, 6, 3))  # (trial, time, input)
    rows = kernel_alignment.chosen_rows(np.ones((3, 6)), 2, 2)
    assert rows.tolist() == [[trial, step, output] for trial in range(3) for step in (0, 5) for output in (0, 1)]
    names = list(parameters)

    def answers(*values):
        named = dict(zip(names, values, strict=True))
        recurrent, bias = named["recurrent_weights"], named["bias"]
        act = torch.tanh if activation == "tanh" else torch.nn.functional.softplus
        state, outputs = torch.zeros(3, 5, dtype=torch.float64), []
        for now in inputs.unbind(1):
            state = act(state @ recurrent.T + now @ named["input_weights"].T + bias)
            outputs.append(state @ named["readout_weights"].T + named["readout_bias"])
        return torch.stack(outputs, 1)[tuple(rows.T)]  # (row,)

    dense = torch.autograd.functional.jacobian(answers, tuple(parameters.values()))
    jacobian = torch.cat([one.reshape(len(rows), -1) for one in dense], 1)
    found = kernel_alignment.kernel(cell, parameters, inputs, rows)
    assert np.allclose(found, jacobian @ jacobian.T, rtol=1e-9)


def test_kernel_does_not_depend_on_how_many_rows_are_taken_at_once(trained, monkeypatch):
    cell, parameters = small_networks(trained, "tanh")
    inputs, rows = torch.as_tensor(random(3, 6, 3)), kernel_alignment.chosen_rows(np.ones((3, 6)), 6, 2)
    whole = kernel_alignment.kernel(cell, parameters, inputs, rows)
    monkeypatch.setattr(kernel_alignment, "ROWS_AT_ONCE", 5)
    assert np.allclose(kernel_alignment.kernel(cell, parameters, inputs, rows), whole, rtol=1e-9)


def test_kernel_rows_count_in_the_loss():
    mask = np.array([[0, 0, 1, 1, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0.0]])
    assert kernel_alignment.chosen_rows(mask, 2, 1).tolist() == [[0, 2, 0], [0, 4, 0], [1, 4, 0]]


def test_kernel_alignment_is_one_before_training_and_less_after(trained):
    assert np.allclose(measuring.measure("kernel_alignment", trained.untrained(), {"trials": 2})["value"], 1)
    learnt = measuring.measure("kernel_alignment", trained, {"trials": 2})
    assert np.all((learnt["value"] > 0) & (learnt["value"] < 0.9)) and np.all(learnt["growth"] > 1)


def test_kernel_alignment_is_the_cosine_of_the_kernels_and_growth_the_quotient_of_their_norms(trained):
    probe = trained.trials("probe").isel(trial=slice(2))
    rows = kernel_alignment.chosen_rows(probe["mask"].values, 3, 3)
    found = measuring.measure("kernel_alignment", trained, {"trials": 2, "steps": 3})
    for network in (0, 1):
        before, after = (
            kernel_alignment.kernel(
                make_cell(trained.condition),
                {name: torch.as_tensor(x[network]).double() for name, x in parameters.items()},
                torch.as_tensor(probe["inputs"].values).double(),
                rows,
            )
            for parameters in (trained.initial_parameters, trained.parameters)
        )
        norms = np.linalg.norm(before), np.linalg.norm(after)
        cosine = np.trace(after @ before) / (norms[0] * norms[1])
        assert found["value"].values[network] == pytest.approx(cosine)
        assert found["growth"].values[network] == pytest.approx(norms[1] / norms[0])


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


def test_probe_trials_that_are_all_alike_give_no_floor_and_say_so(trained, tmp_path):
    groups = {group: trained.trials(group) for group in GROUPS}
    groups["probe"]["inputs"][:] = groups["probe"]["inputs"][0]
    path = tmp_path / "trials.nc"
    store.write(path, TRIALS, groups, trained.condition, "cpu", 0.0)
    alike = make_population(trained.networks, trained.condition, str(path))
    measured = measuring.measure("dsa", alike, {"rank": 3, "delays": 2})
    assert measured["null"].isnull().all() and measured["distance"].notnull().all()
    assert "its probe trials have the same inputs" in measured["null"].attrs["long_name"]
    assert np.all(measuring.measure("permutation_distance", alike, {})["null"] == 0)  # depends on no trials


PAIRWISE = [name for name in names("metrics") if "features" in Plugin("metrics", name).functions]


@pytest.mark.parametrize("metric", [name for name in PAIRWISE if name != "fixed_point_distance"])
def test_every_distance_comes_with_a_floor_and_a_ceiling(metric, trained):
    options = {"rank": 6, "delays": 2} if "delays" in Plugin("metrics", metric).options else {}
    data = measuring.measure(metric, trained, options)
    before = measuring.measure(metric, trained.untrained(), options)
    for measure in Plugin("metrics", metric).constant("MEASURES"):
        ceiling = data[f"untrained_{measure}"]
        assert np.array_equal(ceiling, before[measure]) and "first 2 networks" in ceiling.attrs["long_name"]
        null = data["null" if measure == "distance" else f"null_{measure}"]
        if options:
            module = Plugin("metrics", metric).load()
            expected = pairs.as_dict(
                module.distance(*(module.features(half, **options) for half in trained.halves())), "distance"
            )
            assert np.array_equal(null, expected[measure]) and np.all(null > 0)
        else:
            assert np.all(null == 0) and "by construction" in null.attrs["long_name"]


def test_what_a_metric_cannot_compute_before_training_or_on_half_the_trials_is_nan_and_says_why(trained):
    data = trained.networks.copy(deep=True)
    data["initial_recurrent_weights"][:] = 0
    data["initial_input_weights"][:] = 0
    still = make_population(data, trained.condition, trained.trials_path)
    measured = measuring.measure("cka", still, {})
    assert measured["untrained_distance"].isnull().all() and measured["distance"].notnull().all()
    assert "never change" in measured["untrained_distance"].attrs["long_name"]
    measured = measuring.measure("dsa", trained, {"rank": 33, "delays": 19})  # a half has 16 · 2 embedded states
    assert measured["null"].isnull().all() and "rank 33" in measured["null"].attrs["long_name"]


def test_dsa_floor_falls_with_the_number_of_probe_trials(trained, tmp_path):
    condition = trained.condition | {"trials": trained.condition["trials"] | {"probe": 256}}
    path = tmp_path / "trials.nc"
    store.write(path, TRIALS, generate(condition), condition, "cpu", 0.0)
    more = make_population(trained.networks, condition, str(path))
    few, many = (measuring.measure("dsa", each, {"rank": 6, "delays": 2})["null"] for each in (trained, more))
    assert np.all(many < 0.7 * few)


def test_no_more_than_ten_networks_are_compared_before_training(trained):
    many = xr.concat([trained.networks] * 6, "network", combine_attrs="override").assign_coords(network=np.arange(12))
    before = measuring.measure("cka", make_population(many, trained.condition, trained.trials_path), {})
    compared = before["untrained_distance"].notnull().values
    assert compared[:10, :10].all() and compared.sum() == 100


def test_results_do_not_depend_on_how_many_pairs_are_taken_at_once(trained, flipped, monkeypatch):
    four = joined(trained, flipped)
    whole = measuring.measure("procrustes", four, {})
    monkeypatch.setattr(pairs, "BYTES_AT_ONCE", 1)
    assert np.array_equal(measuring.measure("procrustes", four, {})["distance"], whole["distance"])


def pair_metric(status=(1, 1, 1, 2)):
    count = len(status)
    distance = np.where(np.eye(count), 0, 4.0)
    untrained = np.where(np.eye(count), 0, 6.0)
    untrained[0, 2] = untrained[2, 0] = 9.0
    untrained[3] = untrained[:, 3] = np.nan
    dims = ("network", "network_other")
    return xr.Dataset(
        {
            "distance": (dims, distance),
            "relative": (dims, distance / 10),
            "lower_bound": (dims, distance - np.where(np.eye(count), 0, 1.0)),
            "null": ("network", [1.0, 2.0, 3.0, np.nan]),
            "untrained_distance": (dims, untrained),
            "status": ("network", np.array(status, np.int8)),
        }
    )


def test_statistics_hold_floor_ceiling_and_bound():
    described = {"distance": ("d", "1"), "relative": ("r", "1")}
    data = summarise([1, 2], [pair_metric(), pair_metric((1, 1, 0, 2))], 0.95, described)
    main = data.sel(measure="distance")
    assert main["floor"].values.tolist() == [2, 1.5]  # networks that learnt the task
    assert main["ceiling"].values.tolist() == [7, 7]  # networks before training, whatever became of them
    assert main["bound"].values.tolist() == [3, 3]
    assert data.sel(measure="relative")[["floor", "ceiling", "bound"]].to_array().isnull().all()
    halved = pair_metric().assign(relative_lower_bound=pair_metric()["lower_bound"] / 10)
    assert summarise([1], [halved], 0.95, described)["bound"].values.tolist() == [[3, pytest.approx(0.3)]]
    scalar = xr.Dataset({"value": ("network", np.arange(4.0)), "status": ("network", np.ones(4, np.int8))})
    assert summarise([1], [scalar], 0.95, {"value": ("x", "1")})["floor"].isnull().all()


def test_figure_draws_the_references_it_has_and_names_them():
    described = {"distance": ("d", "1"), "relative": ("r", "1")}
    data = summarise([1, 2], [pair_metric(), pair_metric()], 0.95, described)
    named = ("n", "flip_flop", "task.channels")
    drawn = figure.draw(SweepArtifacts(*named, statistics={"x": data.assign_attrs(confidence=0.95)}))
    (legend,) = drawn.legends
    assert [text.get_text() for text in legend.get_texts()] == ["proven lower bound", "before training", "same network"]
    heights = {line.get_label(): line.get_ydata() for line in drawn.axes[0].lines}
    assert np.all(heights["before training"] == 7) and np.all(heights["same network"] == 2)
    triangles = [line.get_ydata()[0] for line in drawn.axes[0].lines if line.get_marker() == "^"]
    assert triangles == [3, 3]
    bare = data.sel(measure=["relative"]).assign_attrs(confidence=0.95)
    assert not figure.draw(SweepArtifacts(*named, statistics={"x": bare})).legends
