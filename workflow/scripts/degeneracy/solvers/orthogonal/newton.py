"""Newton's method on O(n), which takes a nearly converged C to a stationary point in double precision."""

import torch

from degeneracy.solvers.orthogonal.objective import Objective, conjugation_gradient, dot, hessian_product, polar

PRODUCTS = torch.float32  # precision of Hessian products, which only have to give a direction


def refine(objective: Objective, c, *, tolerance, outer=12, inner=120):
    """Minimise ½‖A − C B Cᵀ‖² by Newton–CG with double-precision gradients and single-precision Hessian products.

    c: (problem, n, n), each nearly a minimiser. Returns transforms, errors and gradient norms of all problems.

    Conjugate gradients stop at negative curvature (Steihaug 1983). Their accuracy follows the gradient, so the outer
    iteration converges superlinearly. The double-precision gradient corrects the errors of the single-precision
    products.
    """
    c = polar(c)
    result, errors, gradients = c.clone(), c.new_zeros(len(c)), c.new_zeros(len(c))
    live = torch.arange(len(c), device=c.device)
    for _ in range(outer):
        m = c @ objective.b @ c.mT  # (problem, n, n)
        error, gradient, turn = _derivatives(objective, c, m)
        norm = dot(gradient, gradient).sqrt()
        result[live], errors[live], gradients[live] = c, error, norm
        kept = (norm > tolerance).nonzero().flatten()
        if len(kept) == 0:
            break
        live, c, m, error, gradient, turn, norm = (x[kept] for x in (live, c, m, error, gradient, turn, norm))
        objective = objective.take(kept)
        single = (objective.a, m, turn, gradient / norm[:, None, None], norm, objective.scaling)
        omega = _newton_direction(*(x.to(PRODUCTS) for x in single), inner)
        c = _line_search(objective, c, omega.double() * norm[:, None, None], error, gradient)
    return result, errors, gradients


def _derivatives(objective, c, m):
    """Error (problem,), Riemannian gradient (problem, n, n) and `turn` of `hessian_product`, at C with M = C B Cᵀ."""
    error, gradient = dot(objective.a - m, objective.a - m) / 2, conjugation_gradient(objective.a, m)
    if objective.pull is None:
        return error, gradient, gradient
    along = objective.pull.towards @ c.mT
    error, gradient = error + objective.pull.error(c), gradient - (along - along.mT) / 2
    return error, gradient, gradient - along.mT


def _line_search(objective, c, omega, error, gradient):
    """(problem, n, n) the C reached along Ω: at most half a radian, a quarter of that while the error is too large."""
    pull = objective.pull
    slope = dot(omega, gradient)
    step = (0.5 / dot(omega, omega).sqrt()).clamp(max=1)
    moved = _turned(c, omega * step[:, None, None])
    for _ in range(8):
        residual = objective.a - moved @ objective.b @ moved.mT
        reached = dot(residual, residual) / 2 + (0 if pull is None else pull.error(moved))
        refused = (reached > error + 1e-4 * step * slope + 4e-16 * (error.abs().sqrt() + 1)).nonzero().flatten()
        if len(refused) == 0:
            break
        step[refused] /= 4
        moved[refused] = _turned(c[refused], omega[refused] * step[refused, None, None])
    moved[refused] = c[refused]
    return moved


def _turned(c, omega):
    """exp(Ω) C to second order, then back onto O(n)."""
    first = omega @ c
    return polar(c + first + omega @ first / 2)


def _newton_direction(a, m, turn, gradient, norm, scaling, iterations):
    """(problem, n, n) Ω with H Ω ≈ −gradient, by conjugate gradients in scaled coordinates.

    a, m, turn: (problem, n, n) of `hessian_product`. gradient: (problem, n, n) of norm 1. norm: (problem,) its norm
    before it was normalised, which sets the accuracy.
    """
    goal = norm.sqrt().clamp(1e-3, 0.1)  # relative residual
    residual = -gradient * scaling
    search, solution = residual.clone(), torch.zeros_like(residual)
    size = dot(residual, residual)
    goal = goal.square() * size
    result = solution.clone()
    live = torch.arange(len(a), device=a.device)
    for iteration in range(iterations):
        product = hessian_product(a, m, turn, search * scaling) * scaling
        bend = dot(search, product)
        concave = bend <= 1e-7 * dot(search, search)
        if iteration == 0:  # there is nothing better than the gradient yet
            solution = torch.where(concave[:, None, None], search, solution)
        alpha = torch.where(concave, 0, size / bend)
        solution += alpha[:, None, None] * search
        residual -= alpha[:, None, None] * product
        fresh = dot(residual, residual)
        going = ~concave & (fresh > goal)
        search = residual + (fresh / size)[:, None, None] * search
        size = fresh
        if not going.all():
            result[live] = solution * scaling
            kept = going.nonzero().flatten()
            if len(kept) == 0:
                break
            live, a, m, turn, scaling, residual, search, solution, size, goal = (
                x[kept] for x in (live, a, m, turn, scaling, residual, search, solution, size, goal)
            )
    else:
        result[live] = solution * scaling
    return result
