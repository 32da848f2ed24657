import numpy as np
import pytest
import xarray as xr

from conftest import make_population
from degeneracy.artifacts import store
from degeneracy.fixed_points.find import find
from degeneracy.measurement import measure as measuring
from degeneracy.metrics import fixed_point_distance
from degeneracy.networks.population import Population
from degeneracy.trials.schema import GROUPS, TRIALS
from populations import random

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
    assert np.all(data["floor"] == 0) and "0 by construction" in data["floor"].attrs["long_name"]
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
    groups = {group: trained.trials(group) for group in GROUPS}
    train = groups["train"].copy(deep=True)
    train["mask"][:, ::3] = 0
    train["targets"][:] = np.where(train["mask"].values[..., None] > 0, 5 + 2 * np.sign(train["targets"].values), 100)
    condition = trained.condition | {"task": {"name": "sine", "channels": 3, "frequencies": 3}}
    store.write(tmp_path / "trials.nc", TRIALS, groups | {"train": train}, condition, "cpu", 0.0)
    states, kinds = (
        random(4, trained.networks.sizes["unit"]),
        np.array([0, 7, 4, 5]),
    )  # 3 · input + stable, unstable, marginal
    constants = np.linspace(1, 30, 3) / 30  # three frequencies, the same in all channels
    points = xr.Dataset(
        {
            "network": ("point", [0, 1, 0, 1]),
            "converged": ("point", [1, 1, 1, 1]),
            "state": (("point", "unit"), states),
            "input": (("point", "input_channel"), np.repeat(constants[kinds // 3, None], 3, axis=1)),
            "n_unstable": ("point", 2 * (kinds % 3 > 0)),
            "n_marginal": ("point", kinds % 3 // 2),
        }
    )
    population = make_population(trained.networks, condition, str(tmp_path / "trials.nc"))
    population = Population(population.networks, population.trials_path, points)
    found = fixed_point_distance.features(population)
    assert found["kind"].tolist() == [[0, 4], [7, 5]]
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
