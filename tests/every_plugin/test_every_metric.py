"""Every metric, because its file is there: what a distance of two networks, and a value of one, must satisfy.

Three networks and one that diverged. A metric says in SYMMETRY which changes of a network it does not see, and each
group includes the ones before it: the order of the units ("permutation", the default), their signs where the
activation is odd ("signed"), and rotations of the states ("rotation").
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from degeneracy.fixed_points.find import find
from degeneracy.measurement.measure import measure
from degeneracy.measurement.pairs import features_of, over_pairs, taken
from degeneracy.plugins import contracts, returned
from degeneracy.plugins.discovery import Plugin, names
from degeneracy.status import Status
from populations import FIND, moved_copy, predicting_population

METRICS = names("metrics")
DISTANCES = [name for name in METRICS if "features" in Plugin("metrics", name).functions]
VALUES = [name for name in METRICS if name not in DISTANCES]
SYMMETRIES = contracts.SYMMETRIES
LOST = 2  # the network that diverged
KEPT = [0, 1, 3]
NOTHING = 1e-5  # a distance of 0: the root of rounding, and what a search stops at

every_metric = pytest.mark.parametrize("name", METRICS)
every_distance = pytest.mark.parametrize("name", DISTANCES)
every_value = pytest.mark.parametrize("name", VALUES)


def with_symmetries(metrics):
    """Each metric with the largest symmetry that it has, and those that rotations do not include: of the weights."""
    declared = {name: Plugin("metrics", name).constant("SYMMETRY", SYMMETRIES[0]) for name in metrics}
    groups = {name: ("signed", "rotation") if own == "rotation" else (own,) for name, own in declared.items()}
    pairs = [(name, group) for name in metrics for group in groups[name]]
    return pytest.mark.parametrize("name, symmetry", pairs)


@pytest.fixture(scope="module")
def population(tmp_path_factory):
    made = predicting_population(tmp_path_factory.mktemp("every_metric"), seeds=range(4))  # which every metric can have
    made.networks["status"][LOST] = Status.DIVERGED
    for parameter in made.parameters:
        made.networks[parameter][LOST] = np.nan
    return replace(made, fixed_points=find(made, FIND, lambda line: None))


@pytest.fixture(scope="module")
def trained(population):
    """The networks that did not diverge."""
    return population.where(np.arange(4) != LOST)


@pytest.fixture(scope="module")
def measured(population):
    """The artifact of each metric of all networks."""
    return cache(lambda name: measure(name, population, options_of(name)))


@pytest.fixture(scope="module")
def own_features(trained):
    return cache(lambda name: features(name, trained))


@pytest.fixture(scope="module")
def own_values(trained):
    return cache(lambda name: values(name, trained))


def options_of(name: str) -> dict:
    return {key: option.default for key, option in Plugin("metrics", name).options.items()}


def measures_of(name: str) -> dict:
    return Plugin("metrics", name).constant("MEASURES")


def features(name: str, population) -> dict:
    return features_of(Plugin("metrics", name).load(), population, options_of(name))


def distances(name: str, population, one: dict, other: dict, pairs: list) -> dict:
    return over_pairs(Plugin("metrics", name).load(), one, other, np.array(pairs), options_of(name), population)


def values(name: str, population) -> dict:
    module = Plugin("metrics", name).load()
    found = module.value(population, **taken(module.value, options_of(name)))
    return returned.measures(module, "value", found, "network", len(population.seeds))


def moved(population, symmetry: str):
    """The same networks changed in a way that a metric of this symmetry does not see."""
    generator, width = np.random.default_rng(0), population.networks.sizes["unit"]
    order, signs = generator.permutation(width), np.where(np.arange(width) % 3, 1.0, -1.0)
    if symmetry == "permutation":
        return moved_copy(population, order, np.ones(width))
    if symmetry == "signed":
        return moved_copy(population, order, signs)
    rotated, replicate = replace(population), population.replicate()
    turn = np.linalg.qr(generator.standard_normal((width, width)))[0]
    for each in (rotated, replicate):
        each.__dict__["states"] = each.states @ turn  # in place of those that it would compute
    rotated.__dict__["replicate"] = lambda: replicate
    return rotated


def found_twice(one: dict, other: dict) -> np.ndarray:
    """How far apart (pair), as a share, two searches for the same minimum may end; 0 for a metric that does not search.

    The order of the units decides which local minima a search reaches; `spread` says how far apart those are.
    """
    return np.max([found.get("spread", 0) / np.maximum(found["distance"], NOTHING) for found in (one, other)], axis=0)


@every_distance
def test_a_distance_is_symmetric_and_positive(name, trained, own_features):
    own = own_features(name)
    found = distances(name, trained, own, own, [(0, 1), (0, 2), (1, 2)])
    turned = distances(name, trained, own, own, [(1, 0), (2, 0), (2, 1)])
    for measure_name in measures_of(name):
        np.testing.assert_allclose(turned[measure_name], found[measure_name], rtol=1e-6, atol=NOTHING)
        assert (found[measure_name] >= 0).all()
    assert (found["distance"] > NOTHING).any() or name == "barrier"  # which can be 0


@every_distance
def test_a_network_is_at_distance_0_from_itself(name, trained, own_features):
    own = own_features(name)
    found = distances(name, trained, own, own, [(0, 0), (1, 1), (2, 2)])
    for measure_name in measures_of(name):
        np.testing.assert_allclose(found[measure_name], 0, atol=NOTHING)


@with_symmetries(DISTANCES)
def test_a_distance_does_not_see_what_its_symmetry_leaves_alone(name, symmetry, trained, own_features):
    own, copy = own_features(name), features(name, moved(trained, symmetry))
    apart = [(0, 1), (0, 2), (1, 2)]
    expected, found = distances(name, trained, own, own, apart), distances(name, trained, own, copy, apart)
    same = distances(name, trained, own, copy, [(0, 0), (1, 1), (2, 2)])
    for measure_name in measures_of(name):
        np.testing.assert_allclose(same[measure_name], 0, atol=NOTHING)
        near = (1e-5 + found_twice(expected, found)) * expected[measure_name] + 1e-9  # a barrier can be 0
        np.testing.assert_array_less(abs(found[measure_name] - expected[measure_name]), near)


@with_symmetries(VALUES)
def test_a_value_does_not_see_what_its_symmetry_leaves_alone(name, symmetry, trained, own_values):
    expected, found = own_values(name), values(name, moved(trained, symmetry))
    for measure_name in measures_of(name):
        np.testing.assert_allclose(found[measure_name], expected[measure_name], rtol=1e-5)


@every_metric
def test_measures_lie_in_the_range_that_the_metric_declares(name, measured):
    for measure_name, (low, high) in Plugin("metrics", name).constant("RANGE", {}).items():
        own = measured(name)[measure_name].values
        own = own[np.ix_(*[KEPT] * own.ndim)]
        assert low is None or (own >= low).all()
        assert high is None or (own <= high).all()


@every_distance
def test_features_change_with_the_probe_trials_unless_the_metric_depends_on_none(name, trained, own_features):
    one, other = own_features(name), features(name, trained.replicate())
    same = all(np.array_equal(one[key], other[key]) for key in one)
    assert same == Plugin("metrics", name).constant("NO_TRIALS", False)


@every_metric
def test_only_a_network_that_diverged_is_nan(name, measured):
    for measure_name in measures_of(name):
        own = measured(name)[measure_name].values
        assert np.isnan(own[LOST]).all()
        assert np.isfinite(own[np.ix_(*[KEPT] * own.ndim)]).all()
        if own.ndim == 2:
            assert np.isnan(own[:, LOST]).all()


@pytest.mark.parametrize("name", [name for name in METRICS if not Plugin("metrics", name).constant("AMONG_OTHERS")])
def test_a_network_does_not_depend_on_the_others_and_their_order(name, population, measured):
    chosen = [3, 2, 0]
    some = replace(population, networks=population.networks.isel(network=chosen))
    data = measure(name, some, options_of(name))
    for measure_name in measures_of(name):
        own = measured(name)[measure_name].values
        expected = own[np.ix_(*[chosen] * own.ndim)]
        np.testing.assert_allclose(data[measure_name], expected, rtol=1e-6, atol=NOTHING)
