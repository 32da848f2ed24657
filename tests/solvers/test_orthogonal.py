"""Known answers and mathematical properties of the distance up to an orthogonal change of basis."""

import numpy as np
import pytest
import torch
from matrices import operators, rotation, slow_operators

from degeneracy.solvers.orthogonal import Stop, conjugation, conjugation_distance
from degeneracy.solvers.orthogonal.bound import lower_bound
from degeneracy.solvers.orthogonal.objective import conjugation_gradient
from degeneracy.solvers.orthogonal.starts import random_orthogonal


@pytest.mark.parametrize("determinant", [1, -1])
@pytest.mark.parametrize("symmetric", [True, False])
def test_rotated_copy_is_at_distance_zero(determinant, symmetric):
    rng = np.random.default_rng(0)
    a = np.concatenate([operators(rng, 3, 9), slow_operators(rng, 3, 9)])
    if symmetric:
        a = (a + a.transpose(0, 2, 1)) / 2
    q = rotation(rng, 9, determinant)
    found = conjugation_distance(a, q @ a @ q.T)
    assert found.distance.max() < 1e-6
    assert (found.status == Stop.AT_MINIMUM).all()


def test_symmetric_matrices_have_the_sorted_eigenvalue_distance():
    rng = np.random.default_rng(1)
    a, b = (x + x.transpose(0, 2, 1) for x in (operators(rng, 2, 9), operators(rng, 2, 9)))
    exact = np.linalg.norm(np.linalg.eigvalsh(a) - np.linalg.eigvalsh(b), axis=1)
    found = conjugation_distance(a, b)
    np.testing.assert_allclose(found.distance, exact, rtol=1e-7)
    np.testing.assert_allclose(found.lower_bound, exact, rtol=1e-7)
    unclipped = lower_bound(torch.as_tensor(a), torch.as_tensor(b))
    np.testing.assert_allclose(unclipped, exact, rtol=1e-9)


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("make", [operators, slow_operators])
def test_noisy_copy_is_no_further_than_the_noise(make, noise):
    rng = np.random.default_rng(2)
    a = make(rng, 3, 16)
    added = operators(rng, 3, 16) * noise
    q = rotation(rng, 16, -1)
    found = conjugation_distance(a, q @ (a + added) @ q.T)
    assert (found.distance <= noise).all()
    assert (found.distance > 0.3 * noise).all()


def test_unrelated_operators_known_minimum():
    """2 x 2, where C is a rotation by one angle, with or without a flip: a fine grid gives the answer."""
    rng = np.random.default_rng(3)
    a, b = operators(rng, 5, 2), operators(rng, 5, 2)
    angle = np.linspace(0, np.pi, 20001)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    c = np.concatenate([turn, turn * [1, -1]])[:, None]
    grid = np.linalg.norm(a - c @ b @ c.swapaxes(-1, -2), axis=(2, 3)).min(0)
    np.testing.assert_allclose(conjugation_distance(a, b).distance, grid, atol=1e-6)


def test_batch_equals_loop():
    rng = np.random.default_rng(4)
    a, b = operators(rng, 3, 6), operators(rng, 3, 6)
    batch = conjugation_distance(a, b)
    for i in range(3):
        single = conjugation_distance(a[i], b[i])
        np.testing.assert_allclose(single.distance[0], batch.distance[i], rtol=1e-7)
        np.testing.assert_allclose(single.lower_bound[0], batch.lower_bound[i], rtol=1e-9)


def test_chunks_do_not_change_the_result(monkeypatch):
    rng = np.random.default_rng(5)
    a, b = operators(rng, 3, 6), operators(rng, 3, 6)
    whole = conjugation_distance(a, b).distance
    monkeypatch.setitem(conjugation.WORKSPACE, "cpu", 1)
    np.testing.assert_allclose(conjugation_distance(a, b).distance, whole, rtol=1e-7)


def test_same_call_same_bits():
    rng = np.random.default_rng(6)
    a, b = operators(rng, 2, 10), operators(rng, 2, 10)
    first, second = conjugation_distance(a, b), conjugation_distance(a, b)
    assert (first.transform == second.transform).all()


def test_transform_is_orthogonal_and_attains_the_distance():
    rng = np.random.default_rng(7)
    a, b = 3 * operators(rng, 4, 12), slow_operators(rng, 4, 12)
    found = conjugation_distance(a, b)
    c = found.transform
    np.testing.assert_allclose(c @ c.transpose(0, 2, 1), np.broadcast_to(np.eye(12), c.shape), atol=1e-12)
    attained = np.linalg.norm(a - c @ b @ c.transpose(0, 2, 1), axis=(1, 2))
    np.testing.assert_allclose(attained, found.distance, rtol=1e-12)


def test_lower_bound_holds():
    rng = np.random.default_rng(8)
    for make in (operators, slow_operators):
        found = conjugation_distance(make(rng, 6, 7), operators(rng, 6, 7))
        assert (found.lower_bound <= found.distance).all()
        assert (found.lower_bound > 0).all()


def test_spread_is_that_of_the_distances_at_the_local_minima():
    """On a line C is 1 or −1 and every start stays what it is: of eight, the last alone, a random one, is −1."""
    found = conjugation_distance([[2.0]], [[1.0]], inputs=([[3.0]], [[1.0]]), starts=8)
    distances = [np.sqrt((2 - 1) ** 2 + (3 - c) ** 2) for c in [1] * 7 + [-1]]
    assert found.distance.item() == pytest.approx(min(distances))
    assert found.spread.item() == pytest.approx(np.std(distances), rel=1e-5)  # starts are ranked in float32


def test_inputs_add_their_squared_distance():
    rng = np.random.default_rng(21)
    a, b, p, q = operators(rng, 4, 6), operators(rng, 4, 6), *rng.standard_normal((2, 4, 6, 3))
    found = conjugation_distance(a, b, inputs=(p, q))
    c = found.transform
    parts = a - c @ b @ c.transpose(0, 2, 1), p - c @ q
    attained = np.sqrt(sum(np.square(part).sum((1, 2)) for part in parts))
    np.testing.assert_allclose(found.distance, attained, rtol=1e-12)
    for turn in random_orthogonal(200, 6, 5).numpy():
        other = np.sqrt(np.square(a - turn @ b @ turn.T).sum((1, 2)) + np.square(p - turn @ q).sum((1, 2)))
        assert (found.distance <= other).all() and (found.lower_bound <= other).all()
    assert (found.lower_bound <= found.distance).all() and (found.status == Stop.AT_MINIMUM).all()
    nothing = conjugation_distance(a, b, inputs=(0 * p, 0 * q))
    np.testing.assert_allclose(nothing.distance, conjugation_distance(a, b).distance, rtol=1e-6)


def test_inputs_alone_have_the_procrustes_distance():
    rng = np.random.default_rng(22)
    p, q = rng.standard_normal((2, 3, 6, 4))
    found = conjugation_distance(np.zeros((3, 6, 6)), np.zeros((3, 6, 6)), inputs=(p, q))
    nuclear = np.linalg.svd(p @ q.transpose(0, 2, 1), compute_uv=False).sum(1)
    exact = np.sqrt(np.square(p).sum((1, 2)) + np.square(q).sum((1, 2)) - 2 * nuclear)
    np.testing.assert_allclose(found.distance, exact, rtol=1e-9)
    np.testing.assert_allclose(found.lower_bound, exact, rtol=1e-9)


def test_a_start_square_to_what_the_inputs_choose_stays_orthogonal():
    """Rotations and reflections of the plane have the inner product 0; here so do all spectral starts."""
    a, b = np.diag([4.0, 3, 2, 1]), np.diag([-1.0, -2, -3, -4])
    found = conjugation_distance(a, b, inputs=(np.eye(4), np.eye(4)))
    np.testing.assert_allclose(found.transform[0] @ found.transform[0].T, np.eye(4), atol=1e-12)
    # in the plane a fine grid gives the answer
    rng = np.random.default_rng(25)
    a, b, p, q = operators(rng, 40, 2), operators(rng, 40, 2), *rng.standard_normal((2, 40, 2, 1))
    angle = np.linspace(0, 2 * np.pi, 4001)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    c = np.concatenate([turn, turn * [1, -1]])[:, None]
    parts = a - c @ b @ c.swapaxes(-1, -2), p - c @ q
    grid = np.sqrt(sum(np.square(part).sum((2, 3)) for part in parts)).min(0)
    np.testing.assert_allclose(conjugation_distance(a, b, inputs=(p, q)).distance, grid, atol=1e-5)


@pytest.mark.parametrize("size", [10, 100])
def test_planted_copy_bounds_and_symmetry(size):
    """A rotated copy with noise is found, whichever comes first and whatever the random starts."""
    rng = np.random.default_rng(24)
    a = np.concatenate([operators(rng, 1, size), slow_operators(rng, 1, size)])
    noise = 0.05 * operators(rng, 2, size)
    q = rotation(rng, size, -1)
    b = q @ (a + noise) @ q.T
    found, reverse, reseeded = (conjugation_distance(*pair, seed=k) for *pair, k in ((a, b, 0), (b, a, 0), (a, b, 1)))
    planted = np.linalg.norm(noise, axis=(1, 2))
    for each in (found, reverse, reseeded):
        assert (each.distance <= planted).all() and (each.lower_bound <= each.distance).all()
        assert (each.status == Stop.AT_MINIMUM).all()
        np.testing.assert_allclose(each.distance, found.distance, rtol=1e-6)


@pytest.mark.parametrize("with_inputs", [False, True])
def test_exchanging_all_pairs_changes_no_bit_and_transposes_the_transform(with_inputs):
    """Unrelated operators of rank 16, where a search in one direction alone differs from the other by percents."""
    rng = np.random.default_rng(28)
    a, b, (p, q) = operators(rng, 6, 16), slow_operators(rng, 6, 16), rng.standard_normal((2, 6, 16, 2)) / 8
    a[0] = b[0] + (a[1] - b[0]) * (np.arange(16) > 3)  # the first rows are the same
    there = conjugation_distance(a, b, inputs=(p, q) if with_inputs else None)
    back = conjugation_distance(b, a, inputs=(q, p) if with_inputs else None)
    for field in ("distance", "lower_bound", "spread", "status"):
        np.testing.assert_array_equal(getattr(there, field), getattr(back, field))
    np.testing.assert_array_equal(there.transform, back.transform.transpose(0, 2, 1))


def test_starts_are_followed_in_both_directions(monkeypatch):
    """Of four starts the last two go from B to A: the descent sees them transposed, and the operators exchanged."""
    seen = []

    def descend(a, b, c, pull=None, **options):
        seen.extend([a, b, c])
        return c, (a - c @ b @ c.mT).square().sum((2, 3)) / 2, None

    monkeypatch.setattr(conjugation, "descend", descend)
    rng = np.random.default_rng(29)
    conjugation_distance(operators(rng, 1, 6), slow_operators(rng, 1, 6), starts=4)
    (a,), (b,), _ = seen
    assert (a[0] == a[1]).all() and (a[2] == a[3]).all() and (a[0] == b[2]).all() and (b[0] == a[2]).all()
    assert not (a[0] == b[0]).all()


def test_symmetric_in_its_arguments_and_triangle_inequality():
    rng = np.random.default_rng(10)
    x, y, z = slow_operators(rng, 3, 5), operators(rng, 3, 5), slow_operators(rng, 3, 5)
    xy, yx = conjugation_distance(x, y).distance, conjugation_distance(y, x).distance
    np.testing.assert_allclose(xy, yx, rtol=1e-6)
    assert (conjugation_distance(x, z).distance <= xy + conjugation_distance(y, z).distance + 1e-9).all()


def test_easy_problems_do_not_depend_on_the_seed():
    rng = np.random.default_rng(11)
    a, b = operators(rng, 4, 6), operators(rng, 4, 6)
    first, second = conjugation_distance(a, b), conjugation_distance(a, b, seed=1)
    np.testing.assert_allclose(first.distance, second.distance, rtol=1e-6)


def test_more_starts_do_no_harm():
    rng = np.random.default_rng(12)
    a, b = operators(rng, 6, 12), operators(rng, 6, 12)
    one, many = conjugation_distance(a, b, starts=1), conjugation_distance(a, b, starts=48)
    assert (many.distance <= one.distance * (1 + 1e-6)).all()
    assert many.distance.mean() < one.distance.mean()
    assert np.isnan(one.spread).all() and (many.spread > 0).all()


def test_status_and_gradient_at_the_solution():
    rng = np.random.default_rng(14)
    a, b = operators(rng, 3, 10), operators(rng, 3, 10)
    found = conjugation_distance(a, b)
    c = torch.as_tensor(found.transform)
    gradient = conjugation_gradient(torch.as_tensor(a), c @ torch.as_tensor(b) @ c.mT)
    assert gradient.flatten(1).norm(dim=1).max() < 1e-7
    assert (found.status == Stop.AT_MINIMUM).all()
    assert (conjugation_distance(a, b, tolerance=1e-30).status == Stop.AT_LIMIT).all()


def test_scale_of_the_operators_does_not_matter():
    rng = np.random.default_rng(15)
    a, b = operators(rng, 2, 8), operators(rng, 2, 8)
    plain, large = conjugation_distance(a, b), conjugation_distance(1e6 * a, 1e6 * b)
    np.testing.assert_allclose(1e6 * plain.distance, large.distance, rtol=1e-7)


def test_smaller_operator_is_padded_with_zeros():
    rng = np.random.default_rng(16)
    a, b = operators(rng, 2, 5), operators(rng, 2, 8)
    padded = np.pad(a, ((0, 0), (0, 3), (0, 3)))
    for found in (conjugation_distance(a, b), conjugation_distance(padded, b)):
        assert found.transform.shape == (2, 8, 8)
    np.testing.assert_array_equal(conjugation_distance(a, b).distance, conjugation_distance(padded, b).distance)
    q = rotation(rng, 8, 1)
    assert conjugation_distance(q @ padded @ q.T, a).distance.max() < 1e-6


def test_zero_operator_and_size_one():
    rng = np.random.default_rng(17)
    a = operators(rng, 2, 6)
    np.testing.assert_allclose(conjugation_distance(a, 0 * a).distance, 1, rtol=1e-12)
    np.testing.assert_allclose(conjugation_distance(0 * a, 3 * a).distance, 3, rtol=1e-12)
    np.testing.assert_array_equal(conjugation_distance(0 * a, 0 * a).distance, 0)
    np.testing.assert_allclose(conjugation_distance([[2.0]], [[-1.0]]).distance, 3)


def test_tensors_in_tensors_out():
    rng = np.random.default_rng(18)
    a, b = operators(rng, 2, 6), operators(rng, 2, 6)
    arrays = conjugation_distance(a, b)
    tensors = conjugation_distance(torch.as_tensor(a), torch.as_tensor(b))
    assert isinstance(arrays.distance, np.ndarray) and isinstance(tensors.distance, torch.Tensor)
    assert arrays.distance.dtype == np.float64 and tensors.distance.dtype == torch.float64
    np.testing.assert_array_equal(arrays.distance, tensors.distance.numpy())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_agrees_with_cpu():
    rng = np.random.default_rng(19)
    a, b = operators(rng, 4, 8), operators(rng, 4, 8)
    found = conjugation_distance(torch.as_tensor(a).cuda(), torch.as_tensor(b).cuda())
    np.testing.assert_allclose(found.distance.cpu(), conjugation_distance(a, b).distance, rtol=1e-6)


def test_bad_input_is_named():
    good, broken = np.ones((3, 4, 4)), np.ones((3, 4, 4))
    broken[1, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"b has NaN or infinite entries in pair 1\."):
        conjugation_distance(good, broken)
    with pytest.raises(ValueError, match=r"a has shape \(3, 4, 2\)"):
        conjugation_distance(good[:, :, :2], good)
    with pytest.raises(ValueError, match="a holds 2 matrices and b holds 3"):
        conjugation_distance(good[:2], good)
    with pytest.raises(ValueError, match="starts is 0"):
        conjugation_distance(good, good, starts=0)
    with pytest.raises(ValueError, match=r"inputs have shapes \(3, 4, 1\) and \(3, 3, 1\); both must be"):
        conjugation_distance(good, good, inputs=(np.ones((3, 4, 1)), np.ones((3, 3, 1))))
    with pytest.raises(ValueError, match="inputs have NaN"):
        conjugation_distance(good, good, inputs=(broken, good))
    with pytest.raises(ValueError, match="tolerance is 0"):
        conjugation_distance(good, good, tolerance=0)


def test_reflections_free_starts_that_are_stuck(monkeypatch):
    rng = np.random.default_rng(5)
    a, noise = slow_operators(rng, 12, 40), 0.05 * operators(rng, 12, 40)
    b = np.stack([q @ x @ q.T for q, x in ((rotation(rng, 40, 1), x) for x in a + noise)])

    def missed():
        return (conjugation_distance(a, b, starts=1).distance > np.linalg.norm(noise, axis=(1, 2))).sum()

    freed = missed()
    monkeypatch.setattr(conjugation, "REFLECTIONS", ())
    assert freed < missed()
