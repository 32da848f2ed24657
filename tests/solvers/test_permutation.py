"""The permutation distance: known answers, brute force, the moves of the search, and the bounds."""

from itertools import permutations, product

import numpy as np
import pytest
import torch

from degeneracy.solvers.permutation import joint_matching_distance, matching_distance
from degeneracy.solvers.permutation import matching as solver
from degeneracy.solvers.permutation.problem import Pair, Problem
from degeneracy.solvers.permutation.tabu import best_move, improved


def weights(units, *seed):
    bound = 1 / np.sqrt(units)
    return np.random.default_rng(seed).uniform(-bound, bound, (units, units))


def moved(w, p, s):
    """The network whose unit i is unit p[i] of w, times s[i]."""
    return s[:, None] * s * w[np.ix_(p, p)]


def random_matching(units, signed, *seed):
    rng = np.random.default_rng(seed)
    return rng.permutation(units), rng.choice([-1.0, 1.0], units) if signed else np.ones(units)


def all_matchings(units, signed):
    for p in permutations(range(units)):
        for s in product((-1.0, 1.0), repeat=units) if signed else (np.ones(units),):
            yield np.array(p), np.array(s)


def value(w1, f1, w2, f2, p, s):
    return np.sqrt(np.sum((w1 - moved(w2, p, s)) ** 2) + np.sum((f1 - s[:, None] * f2[p]) ** 2))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("structure", [0.0, 3.0])
def test_a_moved_copy_is_at_distance_zero(signed, structure):
    rng = np.random.default_rng(7)
    w = weights(64, 1) + structure * rng.standard_normal((64, 3)) @ rng.standard_normal((3, 64)) / 64
    p, s = random_matching(64, signed, 2)
    matching = matching_distance(moved(w, p, s), w, signed)
    assert matching.distance[0] <= 1e-14
    assert matching.lower_bound[0] == 0
    assert matching.spread[0] == 0
    np.testing.assert_array_equal(matching.permutation[0], p)
    assert abs(matching.signs[0] @ s) == 64  # a global flip changes no recurrent weight


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("units, noise", [(64, 0.01), (32, 0.3)])
def test_a_noisy_copy_is_found_at_or_below_the_planted_distance(units, noise, signed):
    w1 = weights(units, 3)
    p, s = random_matching(units, signed, 4)
    error = noise * w1.std() * np.random.default_rng(5).standard_normal(w1.shape)
    matching = matching_distance(w1, moved(w1, p, s) + error, signed)
    planted = np.linalg.norm(error)
    assert matching.lower_bound[0] <= matching.distance[0] <= planted * (1 + 1e-12)


@pytest.mark.parametrize("signed", [False, True])
def test_features_move_with_their_units(signed):
    w, f = weights(40, 6), np.random.default_rng(7).standard_normal((40, 5))
    p, s = random_matching(40, signed, 8)
    matching = joint_matching_distance(moved(w, p, s), s[:, None] * f[p], w, f, signed)
    assert matching.distance[0] <= 1e-14
    np.testing.assert_array_equal(matching.permutation[0], p)
    np.testing.assert_array_equal(matching.signs[0], s)


def test_features_alone_decide_when_there_are_no_weights():
    f = np.random.default_rng(9).standard_normal((12, 3))
    p, s = random_matching(12, True, 10)
    none = np.zeros((12, 12))
    assert joint_matching_distance(none, s[:, None] * f[p], none, f, True).distance[0] <= 1e-14


def structured(kind, units, rng):
    """(unit, unit) weights of one kind; all but the first have many equal or nearly equal matchings."""
    w = rng.standard_normal((units, units))
    if kind == "low rank":
        return w[:, :2] @ rng.standard_normal((min(2, units), units)) + 0.01 * w
    if kind == "integers":
        return rng.integers(-1, 2, (units, units)).astype(float)
    return np.roll(np.eye(units), 1, 0) + 0.5 * np.eye(units) if kind == "cycle" else w


KINDS = "random", "low rank", "integers", "cycle"


@pytest.mark.parametrize("signed, units", [(False, n) for n in (1, 2, 3, 6)] + [(True, n) for n in (1, 2, 3, 4)])
@pytest.mark.parametrize("features", [0, 2])
def test_a_few_units_are_matched_as_well_as_by_every_matching(signed, units, features):
    for seed, (kind, other) in enumerate(product(KINDS, KINDS[:3])):
        rng = np.random.default_rng(seed)
        w1, w2 = structured(kind, units, rng), structured(other, units, rng)
        f1, f2 = rng.standard_normal((2, units, features))
        matching = joint_matching_distance(w1, f1, w2, f2, signed)
        optimum = min(value(w1, f1, w2, f2, p, s) for p, s in all_matchings(units, signed))
        np.testing.assert_allclose(matching.distance[0], optimum, rtol=1e-9, atol=1e-9)
        assert matching.lower_bound[0] == matching.distance[0] and matching.spread[0] == 0


def test_eight_units_are_matched_as_well_as_by_every_permutation():
    every = np.array(list(permutations(range(8))))
    for seed, kind in enumerate(KINDS):
        rng = np.random.default_rng(seed)
        w1, w2 = structured(kind, 8, rng), structured(KINDS[seed // 2], 8, rng)
        optimum = np.sqrt(np.square(w1 - w2[every[:, :, None], every[:, None, :]]).sum((1, 2)).min())
        np.testing.assert_allclose(matching_distance(w1, w2).distance[0], optimum, rtol=1e-9, atol=1e-9)


def test_no_search_from_anywhere_beats_eight_signed_units():
    for seed in range(4):
        rng = np.random.default_rng(seed)
        w1, w2 = structured("random", 8, rng), structured(KINDS[seed % 3], 8, rng)
        exact = matching_distance(w1, w2, True).distance[0]
        pair = Pair(w1, np.zeros((8, 0)), w2, np.zeros((8, 0)), True)
        starts = (random_matching(8, True, seed, start) for start in range(200))
        found = min(pair.distance(*improved(pair.problem(), *start, 100, rng)) for start in starts)
        assert exact <= found * (1 + 1e-12) and found <= exact * (1 + 1e-9)


@pytest.mark.parametrize("signed", [False, True])
def test_the_best_move_is_the_best_of_all_by_the_overlap(signed):
    a, b, linear = np.random.default_rng(13).standard_normal((3, 7, 7))
    identity, ones = np.arange(7), np.ones(7)
    problem = Problem(a, b, linear, signed)
    before, gains = problem.overlap(identity, ones), {}
    for (r, t), sign in product(product(range(7), repeat=2), (1.0, -1.0) if signed else (1.0,)):
        if t > r or (t == r and sign > 0):
            continue
        p, s = identity.copy(), ones.copy()
        p[[r, t]] = p[[t, r]]
        s[[r, t]] = sign
        gains[r, t, sign] = problem.overlap(p, s) - before
    pull, free = a @ b.T + a.T @ b + linear, np.zeros(7, int)
    *ranked, _ = sorted(gains, key=gains.get, reverse=True)
    gain, *move = best_move(a, b, pull, signed, free, 1, np.inf)
    assert tuple(move) == ranked[0]
    np.testing.assert_allclose(gain, gains[ranked[0]], atol=1e-12)
    held = np.isin(np.arange(7), ranked[0][:2]).astype(int)  # the two units may not move together, or flip
    allowed = next(each for each in ranked if not set(each[:2]) <= set(ranked[0][:2]))
    assert tuple(best_move(a, b, pull, signed, held, 1, np.inf)[1:]) == allowed
    assert tuple(best_move(a, b, pull, signed, held, 1, gain - 1e-9)[1:]) == ranked[0]  # unless it gains enough


@pytest.mark.parametrize("patience", [0, 100])
@pytest.mark.parametrize("signed", [False, True])
def test_a_search_ends_at_a_local_maximum_from_anywhere_and_with_patience_at_a_better_one(signed, patience):
    a, b, linear = np.random.default_rng(14).standard_normal((3, 20, 20)) / 20
    problem = Problem(a, b, linear, signed)
    start, rng = random_matching(20, signed, 15), np.random.default_rng(0)
    p, s = improved(problem, *start, patience, rng)
    assert problem.overlap(p, s) > problem.overlap(*start)
    end = moved(b, p, s)
    pull = a @ end.T + a.T @ end + linear[:, p] * s
    free = np.zeros(20, int)
    assert (
        best_move(a, end, pull, signed, free, 1, np.inf)[0] <= 1e-12
    )  # from scratch: the running update did not drift
    further = [problem.overlap(*improved(problem, p, s, longer, rng)) for longer in (0, 100, 1000)]
    assert further[0] == problem.overlap(p, s) <= min(further)
    if patience == 0:
        assert further[-1] > further[0]


@pytest.mark.parametrize("signed", [False, True])
def test_distance_is_the_value_of_the_reported_matching(signed):
    w1, w2 = weights(24, 16), weights(24, 17)
    f1, f2 = np.random.default_rng(18).standard_normal((2, 24, 3)) / 10
    matching = joint_matching_distance(w1, f1, w2, f2, signed)
    p, s = matching.permutation[0], matching.signs[0]
    matrix = matching.transform[0]
    np.testing.assert_array_equal(np.sort(p), np.arange(24))
    np.testing.assert_allclose(matching.distance[0], value(w1, f1, w2, f2, p, s), rtol=1e-14)
    by_matrix = np.sum((w1 - matrix.T @ w2 @ matrix) ** 2) + np.sum((f1 - matrix.T @ f2) ** 2)
    np.testing.assert_allclose(matching.distance[0], np.sqrt(by_matrix), rtol=1e-12)


@pytest.mark.parametrize("signed", [False, True])
def test_a_batch_equals_the_loop_and_tensors_equal_arrays(signed):
    w1 = np.stack([weights(20, seed, 19) for seed in range(3)])
    w2 = np.stack([weights(20, seed, 20) for seed in range(3)])
    batch = matching_distance(torch.tensor(w1, requires_grad=True), torch.tensor(w2), signed)
    for pair in range(3):
        alone = matching_distance(w1[pair], w2[pair], signed)
        for field in ("distance", "lower_bound", "permutation", "signs", "spread"):
            np.testing.assert_array_equal(getattr(batch, field)[pair], getattr(alone, field)[0])


@pytest.mark.parametrize("signed", [False, True])
def test_a_batch_in_another_order_gives_the_same_results(signed):
    w1, w2 = (np.stack([weights(16, seed, 32, side) for seed in range(4)]) for side in (0, 1))
    plain, reverse = matching_distance(w1, w2, signed), matching_distance(w1[::-1], w2[::-1], signed)
    for field in ("distance", "lower_bound", "permutation", "signs", "spread"):
        np.testing.assert_array_equal(getattr(plain, field), getattr(reverse, field)[::-1])


def test_searches_end_when_the_best_is_found_again(monkeypatch):
    """Distances of made-up searches: what is done depends on them alone."""
    drawn = []

    def found(*values):
        drawn[:] = [(solver._Minimum(value, np.arange(9), np.ones(9)), False) for value in reversed(values)]
        monkeypatch.setattr(solver._Search, "tournament", lambda self: drawn.pop())
        w1, w2 = weights(9, 33) / 100, weights(9, 34) / 100  # so that no bound is met
        spread = matching_distance(w1, w2, searches=4).spread[0]
        return len(values) - len(drawn), spread

    assert found(3.0, 2.0, 3.0, 2.0, 1.0) == (4, 1.0)  # only the best counts
    assert found(2.0, 3.0, 2.0, 1.0) == (3, 1.0)
    assert found(2.0, 2.0, 1.0) == (2, 0.0)
    assert found(5.0, 4.0, 3.0, 2.0, 1.0) == (4, 3.0)  # no more than asked for


def test_more_searches_are_never_worse_and_one_may_be():
    w1, w2 = (np.stack([weights(40, seed, 35, side) for seed in range(4)]) for side in (0, 1))
    one, many = (matching_distance(w1, w2, searches=searches).distance for searches in (1, 4))
    assert (many <= one).all() and (many < one).any()


@pytest.mark.parametrize("units, noise, wanted", [(64, 0.5, 3), (128, 0.85, 3), (128, 1.0, 2)])
def test_signed_copies_in_noise_are_found(units, noise, wanted):
    """Three copies a case, with noise up to the weights' own SD, where SciPy's FAQ on the lifted problem finds none."""
    reached = 0
    for seed in range(3):
        w1, (p, s) = weights(units, 36, seed), random_matching(units, True, 37, seed)
        error = noise * w1.std() * np.random.default_rng([38, seed]).standard_normal(w1.shape)
        found = matching_distance(w1, moved(w1, p, s) + error, True).distance[0]
        reached += found <= np.linalg.norm(error) * (1 + 1e-9)
    assert reached >= wanted


@pytest.mark.parametrize("signed", [False, True])
def test_exchanging_the_networks_inverts_the_matching(signed):
    w1, w2 = weights(24, 21), weights(24, 22)
    f1, f2 = np.random.default_rng(23).standard_normal((2, 24, 3)) / 10
    there = joint_matching_distance(w1, f1, w2, f2, signed)
    back = joint_matching_distance(w2, f2, w1, f1, signed)
    assert there.distance == back.distance
    assert there.spread == back.spread
    np.testing.assert_allclose(there.lower_bound, back.lower_bound, rtol=1e-12)
    np.testing.assert_array_equal(there.transform[0], back.transform[0].T)


def test_a_signed_match_is_never_further_than_its_bounds_and_seeds_agree_up_to_the_spread():
    w1, w2 = weights(48, 24), weights(48, 25)
    for signed in (False, True):
        first, second = (matching_distance(w1, w2, signed, seed=seed) for seed in (0, 1))
        assert 0 < first.lower_bound[0] <= min(first.distance[0], second.distance[0])
        assert first.spread[0] > 0
        assert abs(first.distance[0] - second.distance[0]) <= max(first.spread[0], second.spread[0])


def test_an_extra_start_or_the_given_order_is_never_made_worse():
    w1 = weights(40, 26)
    p, s = random_matching(40, True, 27)
    w2 = moved(w1, p, s)
    w1 = w1 + 3 * weights(40, 28)  # a copy buried in noise
    for order in (p, np.arange(40)):
        inverse = np.argsort(order)
        before = np.linalg.norm(w1 - w2[np.ix_(inverse, inverse)])
        assert matching_distance(w1, w2, extra_starts=inverse).distance[0] <= before
    assert matching_distance(w1, w1 + weights(40, 29)).distance[0] <= np.linalg.norm(weights(40, 29))
    twice = np.stack([np.stack([np.argsort(p), np.arange(40)])] * 2)
    assert matching_distance(np.stack([w1, w1]), np.stack([w2, w2]), extra_starts=twice).distance.shape == (2,)


@pytest.mark.parametrize("signed", [False, True])
def test_scale_and_degenerate_sizes(signed):
    w1, w2 = weights(12, 30), weights(12, 31)
    small, large = (matching_distance(c * w1, c * w2, signed) for c in (1e-6, 1e6))
    np.testing.assert_allclose(large.distance, 1e12 * small.distance, rtol=1e-9)
    assert matching_distance(np.zeros((5, 5)), np.zeros((5, 5)), signed).distance[0] == 0
    single = matching_distance([[2.0]], [[-3.0]], signed)
    assert single.distance[0] == pytest.approx(5) == single.lower_bound[0]


def test_bad_input_is_refused_with_what_was_given():
    good, bad = np.zeros((2, 4, 4)), np.zeros((2, 4, 4))
    bad[1, 2, 3] = np.nan
    with pytest.raises(ValueError, match="w2 of pair 1 has entries that are not finite"):
        matching_distance(good, bad)
    with pytest.raises(ValueError, match=r"features1 of pair 0 .* not finite"):
        joint_matching_distance(good, np.full((2, 4, 1), np.inf), good, np.zeros((2, 4, 1)))
    with pytest.raises(ValueError, match=r"w1 has shape \(1, 4, 3\)"):
        matching_distance(np.zeros((4, 3)), np.zeros((4, 3)))
    with pytest.raises(ValueError, match="must be the same"):
        matching_distance(good, np.zeros((2, 5, 5)))
    with pytest.raises(ValueError, match="must be the same"):
        matching_distance(good, np.zeros((4, 4)))
    with pytest.raises(ValueError, match="w1 has shape"):
        matching_distance(np.zeros(4), np.zeros(4))
    with pytest.raises(ValueError, match=r"features1 has shape \(2, 4, 1\) and features2 \(2, 4, 2\)"):
        joint_matching_distance(good, np.zeros((2, 4, 1)), good, np.zeros((2, 4, 2)))
    with pytest.raises(ValueError, match="not permutations"):
        matching_distance(good, good, extra_starts=np.zeros((2, 4), int))
    with pytest.raises(ValueError, match="extra_starts has shape"):
        matching_distance(good, good, extra_starts=np.arange(4))
    with pytest.raises(ValueError, match="searches is 0"):
        matching_distance(good, good, searches=0)
