"""Parameters that training keeps at given losses, and metrics of the networks as they were then."""

import numpy as np
import pytest
from interruptions import SEEDS, SHORT, assert_identical, interrupted_after, kept, train

from conftest import make_condition, make_population
from degeneracy.artifacts import store
from degeneracy.measurement.measure import measure
from degeneracy.networks.schema import NETWORKS
from degeneracy.networks.trained import joined
from degeneracy.plugins.discovery import make_cell
from degeneracy.statistics.estimates import of_distances
from degeneracy.statistics.summary import summarise
from degeneracy.status import Status
from degeneracy.trials.generate import generate
from degeneracy.trials.schema import TRIALS

LOSSES = [0.4, SHORT["threshold"], 1e-6]  # the last one is below what these networks reach


@pytest.fixture(scope="module")
def condition():
    return make_condition(training=SHORT | {"snapshots": LOSSES})


@pytest.fixture(scope="module")
def networks(condition):
    return train(condition)


@pytest.fixture(scope="module")
def population(condition, networks, tmp_path_factory):
    path = tmp_path_factory.mktemp("snapshots") / "trials.nc"
    store.write(path, TRIALS, generate(condition), condition, "cpu", 0.0)
    return make_population(networks, condition, str(path))


def names(condition):
    return make_cell(condition).parameter_dims()


def test_snapshots_change_nothing_in_training(networks):
    taken = [name for name in networks.variables if name.startswith("snapshot")]
    assert len(taken) == 3 + len(names(make_condition()))
    assert_identical(networks.drop_vars(taken), train(make_condition(training=SHORT)))


def test_a_snapshot_at_the_threshold_is_the_network_of_the_epoch_that_reached_it(networks, condition):
    at = networks.sel(snapshot=SHORT["threshold"])
    assert np.array_equal(at["snapshot_epoch"], networks["epoch_reached"]) and (at["snapshot_epoch"] > 0).any()
    assert len(set(at["snapshot_epoch"].values)) > 1, "networks should reach the threshold at different epochs"
    for seed, epoch in zip(SEEDS, at["snapshot_epoch"].values, strict=True):
        own = at.sel(network=seed)
        if epoch == 0:
            assert np.isnan(own["snapshot_loss"]) and all(
                np.isnan(own[f"snapshot_{n}"]).all() for n in names(condition)
            )
            continue
        again = train(make_condition(training=SHORT | {"epochs": int(epoch), "patience": 0}), [seed])
        assert again["final_loss"].item() == own["snapshot_loss"].item()
        for name in names(condition):
            assert np.array_equal(again[name][0], own[f"snapshot_{name}"])


def test_a_snapshot_is_of_the_first_epoch_below_its_loss(networks):
    for index, loss in enumerate(LOSSES):
        below = networks["loss"].values < loss  # NaN after the last epoch
        first = np.where(below.any(1), below.argmax(1) + 1, 0)
        assert np.array_equal(networks["snapshot_epoch"][:, index], first)
    assert (networks["snapshot_epoch"][:, 0] > 0).all() and (networks["snapshot_epoch"][:, 2] == 0).all()


@pytest.mark.parametrize("epochs", [2, 4])
def test_an_interrupted_training_has_the_same_snapshots(tmp_path, condition, networks, epochs):
    interrupted_after(epochs, condition, tmp_path)
    assert_identical(train(condition, checkpoint=kept(tmp_path)), networks)


def test_snapshots_are_written_read_and_joined(tmp_path, condition, networks):
    paths = [tmp_path / "a.nc", tmp_path / "b.nc"]
    for path, chosen in zip(paths, ([0, 1], [2, 3]), strict=True):
        store.write(path, NETWORKS, networks.isel(network=chosen), condition, "cpu", 1.0)
    together = joined([store.read(path, NETWORKS) for path in paths])
    for name in networks.variables:
        if name.startswith("snapshot"):
            assert np.array_equal(together[name], networks[name], equal_nan=True)


def test_a_population_at_a_snapshot_has_the_networks_that_reached_it(population, networks):
    at = population.at_snapshot(1)
    reached = networks["snapshot_epoch"].values[:, 1] > 0
    assert np.array_equal(at.seeds, networks["network"].values[reached])
    assert np.array_equal(at.parameters["input_weights"], networks["snapshot_input_weights"].values[reached, 1])
    assert np.array_equal(at.initial_parameters["input_weights"], networks["initial_input_weights"].values[reached])
    assert len(population.at_snapshot(2).seeds) == 0


@pytest.mark.parametrize("metric, measured", [("ood_loss", "value"), ("cka", "distance"), ("weight_change", "value")])
def test_a_metric_at_a_snapshot_is_the_metric_of_the_networks_then(population, metric, measured):
    data = measure(metric, population, {})
    assert data["snapshot"].values.tolist() == LOSSES
    for index in (0, 1):
        at = population.at_snapshot(index)
        there = np.isin(population.seeds, at.seeds)
        expected = measure(metric, at, {})[measured].values
        found = data[f"snapshot_{measured}"].values[index]
        chosen = np.ix_(there, there) if measured == "distance" else there
        assert np.array_equal(found[chosen], expected) and np.isnan(found).sum() == found.size - expected.size
    assert data[f"snapshot_{measured}"][2].isnull().all()


def test_degeneracy_at_a_snapshot_is_that_of_converged_networks_that_reached_it(population):
    data = measure("cka", population, {})
    data["status"][0] = Status.NOT_CONVERGED
    described = {"distance": ("1 − CKA", "1")}
    found = summarise([1], [data], 0.95, described)
    used = (data["status"].values == Status.CONVERGED)[:, None] & (data["snapshot_epoch"].values > 0)
    both = used[:, 0]
    assert 1 < both.sum() < len(both) and found["snapshot_n_used"].values.tolist() == [used.sum(0).tolist()]
    distances = data["snapshot_distance"].values[0][np.ix_(both, both)]
    expected = distances[np.triu_indices(both.sum(), 1)].mean()
    assert found["snapshot_degeneracy"].values[0, 0, 0] == pytest.approx(expected)
    ends = of_distances(distances, 0.95, np.random.default_rng([0, 0])).ends
    interval = [found[f"snapshot_interval_{end}"].values[0, 0, 0] for end in ("low", "high")]
    assert np.array_equal(interval, ends, equal_nan=True)
    assert np.isnan(found["snapshot_degeneracy"][0, 0, 2])


def test_the_change_at_matched_loss_is_that_of_the_degeneracy_there(population):
    data = measure("weight_change", population, {})
    data["status"][:] = Status.CONVERGED
    other = data.assign(snapshot_value=2 * data["snapshot_value"])
    found = summarise([1, 2], [data, other], 0.95, {"value": ("weight change", "1")}).sel(measure=["sd", "log_sd"])
    assert found["snapshot_percent"].values[:, 0] == pytest.approx([100, 0])
    assert found["percent"].values == pytest.approx([0, 0])
