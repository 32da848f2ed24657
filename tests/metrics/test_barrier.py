from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import quadratic_assignment

from conftest import make_population
from degeneracy.measurement.measure import measure
from degeneracy.metrics import _barrier
from degeneracy.metrics._trials import Trials
from populations import joined, moved_copy, short_population

FIRST, SECOND = np.array([True, False]), np.array([False, True])
FEW = {"points": 5, "trials": 16}


def copied(population, noise=0.0, signed=True):
    """A network and its copy with units in another order and of other signs, and with noise in SDs of each weight."""
    one, generator = population.where(FIRST), np.random.default_rng(0)
    width = one.networks.sizes["unit"]
    order, signs = generator.permutation(width), generator.choice([-1.0 if signed else 1.0, 1.0], width)
    copy = moved_copy(one, order, signs)
    for name in copy.parameters:
        weights = copy.networks[name]
        weights += noise * float(weights.std()) * generator.standard_normal(weights.shape)
    return joined(one, copy), order


def test_a_permuted_and_flipped_copy_has_a_barrier_only_without_alignment(trained):
    data = measure("barrier", copied(trained)[0], FEW)
    for aligned, unaligned in (("distance", "unaligned"), ("ood", "unaligned_ood")):
        assert data[aligned].values[0, 1] < 1e-9
        assert data[unaligned].values[0, 1] > 0.1


def test_the_order_and_the_signs_of_units_do_not_change_which_are_matched(trained):
    generator, width = np.random.default_rng(0), trained.networks.sizes["unit"]
    order, signs = generator.permutation(width), generator.choice([-1.0, 1.0], width)
    own, copy = _barrier.features_of(trained), _barrier.features_of(moved_copy(trained, order, signs))
    a, b, moved = ({name: x[[index]] for name, x in each.items()} for each, index in ((own, 0), (own, 1), (copy, 1)))
    for (p, s), (p_moved, s_moved) in zip(_barrier.matched(a, b), _barrier.matched(a, moved), strict=True):
        np.testing.assert_array_equal(order[p_moved], p)
        np.testing.assert_array_equal(s_moved * signs[order[p_moved]], s)


def test_units_of_two_kinds_do_not_change_places(tmp_path):
    population = short_population(tmp_path, cell="almost_linear", width=8, rectified=3)
    a, b = ({name: x[[index]] for name, x in _barrier.features_of(population).items()} for index in (0, 1))
    for p, _ in _barrier.matched(a, b):
        assert set(p[0, 5:]) == {5, 6, 7}


def test_the_barrier_is_the_excess_over_the_line_between_the_ends(trained):
    pair = joined(trained.where(FIRST), trained.where(SECOND))
    trials = pair.trials("train").isel(trial=slice(16))
    ends, losses = [{name: x[i] for name, x in pair.parameters.items()} for i in (0, 1)], []
    for share in (0, 0.25, 0.5, 0.75, 1):
        mixed = pair.networks.isel(network=[0]).assign(
            {
                name: (("network", *pair.networks[name].dims[1:]), ((1 - share) * x + share * ends[1][name])[None])
                for name, x in ends[0].items()
            }
        )
        outputs = make_population(mixed, pair.condition, pair.trials_path).run(trials["inputs"].values)[1][0]
        squares = np.square(outputs - trials["targets"].values).mean(-1)
        losses.append((squares * trials["mask"].values).sum() / trials["mask"].values.sum())
    expected = max(losses - np.linspace(losses[0], losses[-1], 5))
    assert measure("barrier", pair, FEW)["unaligned"].values[0, 1] == pytest.approx(expected, rel=1e-4)


def test_of_the_two_matchings_the_one_of_the_lower_barrier_is_taken(trained):
    features, train = _barrier.features_of(trained), Trials.of(trained, "train", 16)
    a, b = ({name: x[[index]] for name, x in features.items()} for index in (0, 1))
    found = _barrier.aligned(a, b, trained, 5, train)
    candidates = [_barrier.moved(trained, b["parameters"], *matching) for matching in _barrier.matched(a, b)]
    heights = [_barrier.barriers(a["parameters"], each, trained, 5, train).item() for each in candidates]
    assert heights[0] != heights[1]
    assert found.barrier.item() == min(heights) and found.by_activity.item() == (heights[1] < heights[0])
    np.testing.assert_array_equal(found.parameters, candidates[int(np.argmin(heights))])


@pytest.mark.parametrize("noise", [0.3, 0.6, 0.9])
def test_matching_recovers_as_many_planted_units_as_faq_does(noise, trained):
    pair, order = copied(trained, noise, signed=False)
    a, b = ({name: x[[index]] for name, x in _barrier.features_of(pair).items()} for index in (0, 1))
    planted = np.argsort(order)
    (found, signs), _ = _barrier.matched(a, b)
    options = {"maximize": True, "rng": np.random.default_rng(0)}
    faq = quadratic_assignment(a["weights"][0], b["weights"][0], method="faq", options=options).col_ind
    assert np.mean((found[0] == planted) & (signs[0] == 1)) >= np.mean(faq == planted)
    assert noise > 0.3 or np.all(found[0] == planted)


def test_what_is_not_finite_makes_the_pair_nan_and_says_so(trained, capsys):
    networks = trained.networks.copy(deep=True)
    networks["recurrent_weights"][0] *= 1e20
    condition = trained.condition | {"model": trained.condition["model"] | {"activation": "linear"}}
    pair = make_population(networks, condition, trained.trials_path)
    assert np.isnan(measure("barrier", pair, FEW)["distance"].values[0, 1])
    assert "network 0: NaN, because its states on the probe trials are not finite" in capsys.readouterr().out
    a, b = ({name: np.nan_to_num(x[[index]]) for name, x in _barrier.features_of(pair).items()} for index in (0, 1))
    assert np.isnan(_barrier.between(a, b, pair, 3, 4)["distance"])
    assert "the loss along the path is not finite" in capsys.readouterr().out


def test_ood_is_nan_where_no_such_trials_are_known(trained, capsys):
    def trials(group, known=trained.trials):
        return known("probe") if group == "train" else known(group)

    unknown = replace(trained)
    unknown.__dict__["trials"] = lambda group: trials(group).isel(output=slice(0 if group == "ood" else None))
    data = measure("barrier", unknown, FEW)
    assert np.isnan(data["ood"].values[0, 1]) and data["distance"].values[0, 1] > 0
    assert "the ood trials have no targets" in capsys.readouterr().out
