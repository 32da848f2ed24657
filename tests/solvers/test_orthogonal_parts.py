"""The parts of the orthogonal solver: the lower bound, the derivatives of the objective, and the starts."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from matrices import operators, rotation, slow_operators

from degeneracy.solvers.orthogonal import conjugation_distance
from degeneracy.solvers.orthogonal.bound import lower_bound
from degeneracy.solvers.orthogonal.history import History
from degeneracy.solvers.orthogonal.objective import Objective, Pull, conjugation_gradient, hessian_product
from degeneracy.solvers.orthogonal.starts import random_orthogonal, reflected


def test_raw_lower_bound_holds_between_unrelated_operators():
    """Before it is clipped: a bound that is false anywhere lies above the distance of some of many small pairs."""
    rng = np.random.default_rng(26)
    for size in (2, 3, 4):
        a = np.concatenate([operators(rng, 60, size), slow_operators(rng, 60, size), operators(rng, 60, size)])
        b = np.concatenate([operators(rng, 60, size), operators(rng, 60, size), 3 * slow_operators(rng, 60, size)])
        bound = lower_bound(torch.as_tensor(a), torch.as_tensor(b)).numpy()
        assert (bound <= conjugation_distance(a, b).distance * (1 + 1e-9)).all()


def test_lower_bound_with_inputs_is_that_of_the_operators_and_the_procrustes_distance():
    rng = np.random.default_rng(27)
    a, b, p, q = operators(rng, 20, 4), 2 * operators(rng, 20, 4), *rng.standard_normal((2, 20, 4, 2))
    nuclear = np.linalg.svd(p @ q.transpose(0, 2, 1), compute_uv=False).sum(1)
    apart = np.square(p).sum((1, 2)) + np.square(q).sum((1, 2)) - 2 * nuclear
    alone = lower_bound(torch.as_tensor(a), torch.as_tensor(b)).numpy()
    found = conjugation_distance(a, b, inputs=(p, q))
    np.testing.assert_allclose(found.lower_bound, np.sqrt(alone**2 + apart), rtol=1e-9)


def test_lower_bound_holds_for_every_rotation():
    """The raw bound, before it is clipped, against a rotation that need not be optimal."""
    rng = np.random.default_rng(9)
    a = torch.as_tensor(np.concatenate([operators(rng, 20, 5), slow_operators(rng, 20, 5)]))
    noise = torch.as_tensor(operators(rng, 40, 5)) * torch.logspace(-6, 0, 40)[:, None, None]
    q = torch.as_tensor(rotation(rng, 5, 1))
    bound = lower_bound(a, q @ (a + noise) @ q.T)
    assert (bound <= noise.flatten(1).norm(dim=1) * (1 + 1e-9) + 1e-12).all()


def test_gradient_and_hessian_with_inputs_equal_finite_differences():
    rng = np.random.default_rng(23)
    a, b, x, p, q = (torch.as_tensor(v) for v in rng.standard_normal((5, 1, 6, 6)))
    c, omega, step = torch.as_tensor(rotation(rng, 6, 1))[None], (x - x.mT) / 5, 1e-4
    pull = Pull.between(p, q, torch.ones(1))

    def objective(t):
        turned = torch.linalg.matrix_exp(t * omega) @ c
        return ((a - turned @ b @ turned.mT).square().sum() + (p - turned @ q).square().sum()) / 2

    whole = torch.ones(1, 6, 6).double()
    error, gradient = Objective(a, b, pull, whole, whole / 2).evaluate(c)
    torch.testing.assert_close(error[0], objective(0))
    slope = (objective(step) - objective(-step)) / (2 * step)
    torch.testing.assert_close((gradient * omega).sum(), slope, rtol=1e-6, atol=1e-6)
    turn = gradient - c @ pull.towards.mT
    bend = (hessian_product(a, c @ b @ c.mT, turn, omega) * omega).sum()
    numeric = (objective(step) - 2 * objective(0) + objective(-step)) / step**2
    torch.testing.assert_close(bend, numeric, rtol=1e-5, atol=1e-5)


def test_gradient_equals_finite_differences():
    rng = np.random.default_rng(13)
    a, m, x = (torch.as_tensor(v) for v in rng.standard_normal((3, 1, 6, 6)))
    omega, step = x - x.mT, 1e-5

    def objective(t):
        turn = torch.linalg.matrix_exp(t * omega)
        return (a - turn @ m @ turn.mT).square().sum() / 2

    numeric = (objective(step) - objective(-step)) / (2 * step)
    analytic = (conjugation_gradient(a, m) * omega).sum()
    torch.testing.assert_close(analytic, numeric, rtol=1e-7, atol=1e-7)


def test_hessian_equals_second_differences():
    rng = np.random.default_rng(20)
    a, m, x = (torch.as_tensor(v) for v in rng.standard_normal((3, 1, 6, 6)))
    omega, step = (x - x.mT) / 5, 1e-4

    def objective(t):
        turn = torch.linalg.matrix_exp(t * omega)
        return (a - turn @ m @ turn.mT).square().sum() / 2

    numeric = (objective(step) - 2 * objective(0) + objective(-step)) / step**2
    analytic = (hessian_product(a, m, conjugation_gradient(a, m), omega) * omega).sum()
    torch.testing.assert_close(analytic, numeric, rtol=1e-5, atol=1e-5)
    other = torch.as_tensor(rng.standard_normal((1, 6, 6)))
    other = other - other.mT
    first, second = (hessian_product(a, m, conjugation_gradient(a, m), x) for x in (omega, other))
    torch.testing.assert_close((first * other).sum(), (second * omega).sum())


def test_random_starts_favour_no_direction_and_alternate_between_components():
    """Entries of Haar distributed matrices have mean 0 and mean square 1 / n; four standard errors are allowed."""
    for each, determinant in ((random_orthogonal(4000, 3, 0)[half::2], 1 - 2 * half) for half in (0, 1)):
        assert torch.allclose(torch.linalg.det(each), torch.tensor(float(determinant)).double())
        assert each.mean(0).abs().max() < 4 / np.sqrt(3 * 2000)
        assert (each.square().mean(0) - 1 / 3).abs().max() < 4 * np.sqrt(4 / 45 / 2000)


@pytest.mark.parametrize("turned", [1, 2, 3])
def test_a_copy_reflected_in_a_few_directions_is_turned_back(turned):
    """Reflections are what tells most local minima apart: C = H Q, H = I − 2P, is brought back to Q."""
    rng = np.random.default_rng(turned)
    a = torch.as_tensor(operators(rng, 6, 20))
    q = torch.as_tensor(np.stack([rotation(rng, 20, 1) for _ in range(6)]))
    directions = torch.as_tensor(np.stack([rotation(rng, 20, 1)[:, :turned] for _ in range(6)]))
    reflection = torch.eye(20, dtype=a.dtype) - 2 * directions @ directions.mT
    b = q.mT @ a @ q
    stuck = reflection @ q
    freed = reflected(a, b, stuck)
    assert ((a - stuck @ b @ stuck.mT).flatten(1).norm(dim=1) > 0.1 * a.flatten(1).norm(dim=1)).all()
    assert ((a - freed @ b @ freed.mT).flatten(1).norm(dim=1) < 1e-8 * a.flatten(1).norm(dim=1)).all()


def history_of_a_quadratic(steps):
    """A history along gradient descent on ½ xᵀ D x in two problems of size 3, D diagonal and positive."""
    rng = np.random.default_rng(30)
    diagonal = torch.as_tensor(rng.uniform(1, 2, (2, 9)))
    x = torch.as_tensor(rng.standard_normal((2, 9)))
    history, points = History.beginning_with((diagonal * x).view(2, 3, 3), 4), [x]
    length = torch.tensor([0.3, 0.7]).double()
    for _ in range(steps):
        weights, slope = history.descent_direction()
        direction = history.combination(weights)
        x = x + length[:, None] * direction
        history.append(weights, slope, length, direction, (diagonal * x).view(2, 3, 3))
        points.append(x)
    return history, diagonal, points


@pytest.mark.parametrize("steps", [1, 3, 4, 7])
def test_history_keeps_the_inner_products_of_its_entries(steps):
    history, _, _ = history_of_a_quadratic(steps)
    torch.testing.assert_close(history.inner, history.entries @ history.entries.mT)


def test_direction_is_that_of_the_textbook_two_loop_recursion():
    history, diagonal, points = history_of_a_quadratic(6)
    weights, slope = history.descent_direction()
    direction = history.combination(weights)
    for k in range(2):
        moves = [(new - old)[k] for old, new in pairwise(points)][-4:]
        pairs = [(s, diagonal[k] * s) for s in moves]
        gradient = q = diagonal[k] * points[-1][k]
        alphas = []
        for s, y in reversed(pairs):
            alphas.append((s @ q) / (s @ y))
            q = q - alphas[-1] * y
        r = q * (pairs[-1][0] @ pairs[-1][1]) / (pairs[-1][1] @ pairs[-1][1])
        for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
            r = r + s * (alpha - (y @ r) / (s @ y))
        torch.testing.assert_close(direction[k], -r)
        torch.testing.assert_close(slope[k], -(r @ gradient))
