import numpy as np
import pytest
import xarray as xr
from sklearn.manifold import ClassicalMDS

from conftest import make_population
from degeneracy.artifacts import store
from degeneracy.measurement import measure as measuring
from degeneracy.measurement import network_map
from degeneracy.metrics import permutation_distance, svcca
from degeneracy.plugins.discovery import Plugin
from degeneracy.status import Status
from degeneracy.trials.schema import GROUPS, TRIALS


def rotation(size, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]


def test_svcca_is_zero_for_an_invertible_linear_copy_and_one_for_orthogonal_signals():
    generator = np.random.default_rng(0)
    states = generator.standard_normal((8, 40, 5))
    mix = generator.standard_normal((5, 5))

    def features(each, variance):
        one = svcca.basis(each.reshape(-1, each.shape[-1]), variance)
        return {"basis": one[None], "dimension": np.array([one.shape[1]])}

    assert abs(svcca.distance(features(states, 1.0), features(states @ mix, 1.0)).item()) < 1e-12
    turned = states @ rotation(5)
    assert abs(svcca.distance(features(states, 0.9), features(turned, 0.9)).item()) < 1e-12
    time = np.arange(400) * 2 * np.pi / 400
    sine, cosine = np.sin(time)[None, :, None], np.cos(time)[None, :, None]
    assert svcca.distance(features(sine, 1.0), features(cosine, 1.0)).item() == pytest.approx(1)


def test_svcca_keeps_as_many_directions_as_the_variance_needs():
    samples = np.random.default_rng(0).standard_normal((5000, 3)) * [10, 1, 0.1]
    assert [svcca.basis(samples, share).shape[1] for share in (0.9, 0.995, 1.0)] == [1, 2, 3]


def test_permutation_distance_of_a_permuted_copy_is_zero():
    generator = np.random.default_rng(0)
    weights = generator.uniform(-0.125, 0.125, (1, 64, 64))
    order = generator.permutation(64)
    noise = 0.01 * weights.std() * generator.standard_normal(weights.shape)
    copy = weights[:, order][:, :, order]
    exact = permutation_distance.distance({"weights": weights}, {"weights": copy})
    assert exact["distance"].item() < 1e-6 and exact["lower_bound"].item() <= exact["distance"].item() + 1e-9
    noisy = permutation_distance.distance({"weights": weights}, {"weights": copy + noise})
    assert noisy["distance"].item() <= np.linalg.norm(noise) * (1 + 1e-9)
    assert noisy["relative"].item() == pytest.approx(noisy["distance"].item() / np.linalg.norm(weights), rel=1e-3)
    assert noisy["per_n_squared"].item() == pytest.approx(noisy["distance"].item() / 64**2)


DSA = {"delays": 2, "rank": 6}
PAIRWISE = {
    "dsa": DSA,
    "dsa_eigenvalues": DSA,
    "permutation_distance": {},
    "svcca": {"variance": 0.99},
}


@pytest.mark.parametrize("metric", PAIRWISE)
def test_pairwise_metrics_of_trained_networks_are_distances(metric, trained):
    data = measuring.measure(metric, trained, PAIRWISE[metric])
    matrix = data["distance"].values
    assert matrix.shape == (2, 2) and np.allclose(np.diag(matrix), 0) and np.allclose(matrix, matrix.T)
    assert matrix[0, 1] > 0.01
    bound = data.get("lower_bound", 0 * data["distance"]).values
    assert np.all(bound <= matrix + 1e-9)


def permuted_copy(population):
    """The same networks with their units in another order, which changes nothing that a metric should see."""
    order = np.random.default_rng(0).permutation(population.networks.sizes["unit"])
    data = population.networks.copy(deep=True)
    for name in data.attrs["parameters"].split():
        for dim in ("unit", "source_unit"):
            for prefix in ("", "initial_"):
                if dim in data[prefix + name].dims:
                    data[prefix + name] = data[prefix + name].isel({dim: order})
    return make_population(data, population.condition, population.trials_path)


@pytest.mark.parametrize("metric", PAIRWISE)
def test_distances_across_populations_see_through_the_order_of_units(metric, trained):
    within = measuring.measure(metric, trained, PAIRWISE[metric])
    both = [trained, permuted_copy(trained)]
    matrix = network_map.distances_across(metric, both, [within, within], PAIRWISE[metric])["distance"]
    assert matrix.shape == (4, 4) and np.array_equal(matrix, matrix.T)
    assert np.allclose(np.diag(matrix[:2, 2:]), 0, atol=1e-5)
    # the permutation search ends in local minima that depend on the order of the units, a few per cent apart
    assert matrix[0, 3] == pytest.approx(matrix[0, 1], rel=5e-2)


def test_ood_loss_is_the_loss_of_a_perfect_and_of_a_silent_network(trained):
    data = trained.networks.copy(deep=True)
    data["readout_weights"][:] = 0
    data["readout_bias"][:] = 0
    silent = make_population(data, trained.condition, trained.trials_path)
    assert np.allclose(measuring.measure("ood_loss", silent, {})["value"], 1.0)  # targets are ±1
    learnt = measuring.measure("ood_loss", trained, {})["value"].values
    assert np.all(learnt < 0.05)


def test_ood_loss_is_over_what_counts_of_the_ood_trials_alone(trained, tmp_path):
    """A silent network errs by 3 where the loss counts in the OOD trials, and otherwise elsewhere."""
    groups = {group: trained.trials(group) for group in GROUPS}
    ood = groups["ood"].copy(deep=True)
    ood["mask"][:, ::3] = 0
    ood["targets"][:] = 3 * ood["mask"] + 7 * (1 - ood["mask"])
    store.write(tmp_path / "trials.nc", TRIALS, groups | {"ood": ood}, trained.condition, "cpu", 0.0)
    silent = make_population(trained.networks.copy(deep=True), trained.condition, str(tmp_path / "trials.nc"))
    for name in ("readout_weights", "readout_bias"):
        silent.networks[name][:] = 0
    assert measuring.measure("ood_loss", silent, {})["value"].values == pytest.approx(9)


def test_svcca_of_a_subspace_and_the_space_it_lies_in_is_zero():
    time = np.arange(400)[:, None] * 2 * np.pi / 400
    one, both = (svcca.basis(each, 1.0) for each in (np.sin(time), np.hstack([np.sin(time), 0.9 * np.cos(time)])))
    line, plane = ({"basis": each[None], "dimension": np.array([each.shape[1]])} for each in (one, both))
    assert plane["dimension"] == 2
    assert abs(svcca.distance(line, plane).item()) < 1e-9 and abs(svcca.distance(plane, line).item()) < 1e-9


@pytest.mark.parametrize(
    "metric", ["permutation_distance", "signed_permutation_distance", "joint_permutation_distance"]
)
def test_relative_distance_of_a_network_and_its_fourfold_is_one_and_a_half(metric, trained):
    """‖W − 4 W‖ / √(‖W‖ ‖4 W‖), whatever ‖W‖; also its bound, which no matching can beat."""
    data = trained.networks.copy(deep=True)
    for name in data.attrs["parameters"].split():
        data[name][1] = 4 * data[name][0]
    found = measuring.measure(metric, make_population(data, trained.condition, trained.trials_path), {})
    norm = found["distance"].values[0, 1] / 3
    assert norm > 1.5 and found["relative"].values[0, 1] == pytest.approx(1.5)
    assert found["relative_lower_bound"].values[0, 1] == pytest.approx(found["lower_bound"].values[0, 1] / (2 * norm))


def test_relative_weight_change_is_over_the_norm_before_training(trained):
    data = trained.networks.copy(deep=True)
    data["recurrent_weights"] = -3 * data["initial_recurrent_weights"]
    found = measuring.measure("weight_change", make_population(data, trained.condition, trained.trials_path), {})
    norms = np.linalg.norm(data["initial_recurrent_weights"], axis=(1, 2))
    assert np.allclose(found["value"], 4 * norms) and np.allclose(found["relative"], 4)


def test_weight_change_is_zero_for_an_untrained_network(trained):
    data = trained.networks.copy(deep=True)
    data["recurrent_weights"] = data["initial_recurrent_weights"].copy()
    untrained = make_population(data, trained.condition, trained.trials_path)
    assert np.all(measuring.measure("weight_change", untrained, {})["value"] == 0)
    assert np.all(measuring.measure("weight_change", trained, {})["value"] > 0.1)


def test_diverged_networks_are_nan_and_do_not_touch_the_others(trained):
    three = xr.concat([trained.networks, trained.networks.isel(network=[0])], "network", combine_attrs="override")
    three["recurrent_weights"][1] = np.nan
    three["status"][1] = Status.DIVERGED
    population = make_population(three, trained.condition, trained.trials_path)
    matrix = measuring.measure("svcca", population, {"variance": 0.99})["distance"].values
    assert np.isnan(matrix[1]).all() and np.isnan(matrix[:, 1]).all()
    assert matrix[0, 2] == pytest.approx(0, abs=1e-12)
    values = measuring.measure("ood_loss", population, {})["value"].values
    assert np.isnan(values[1]) and values[0] == values[2]


@pytest.mark.parametrize("metric", ["permutation_distance", "dsa", "ood_loss"])
def test_a_population_that_diverged_altogether_is_nan(metric, trained):
    data = trained.networks.copy(deep=True)
    data["status"][:] = Status.DIVERGED
    lost = measuring.measure(metric, make_population(data, trained.condition, trained.trials_path), {})
    for measure in Plugin("metrics", metric).constant("MEASURES"):
        assert lost[measure].isnull().all()


def test_map_of_points_in_the_plane_keeps_their_distances():
    points = np.random.default_rng(0).standard_normal((12, 2))
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    position, stress = network_map.scale(distance)
    assert stress < 1e-3
    assert np.allclose(np.linalg.norm(position[:, None] - position[None], axis=-1), distance, atol=1e-2)
    distance[3, :] = distance[:, 3] = np.nan
    for own in (np.nan, 0):  # of a network that diverged, and of one without features
        distance[3, 3] = own
        position, _ = network_map.scale(distance)
        assert np.isnan(position[3]).all() and np.isfinite(np.delete(position, 3, 0)).all()
    assert np.isfinite(network_map.scale(np.zeros((1, 1)))[0]).all()


def test_a_map_is_turned_onto_the_classical_solution():
    points = np.random.default_rng(1).standard_normal((9, 4)) * [5, 2, 1, 0.5]
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    classical = ClassicalMDS(n_components=2, metric="precomputed").fit_transform(distance)
    cross = network_map.scale(distance)[0].T @ classical  # symmetric and positive where no turn brings it closer
    assert cross[0, 1] == pytest.approx(cross[1, 0], abs=1e-9) and np.all(np.linalg.eigvalsh(cross) > 0)
