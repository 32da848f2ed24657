"""Minimisation of the speed q of states by Levenberg–Marquardt, many starts at once."""

from dataclasses import dataclass

import torch
from torch import Tensor

# Size of one matrix (point, unit, unit) of the points that advance together; about five of them exist at a time. On a
# CPU it is fastest if they fit into the caches, on a GPU if the products are few and large.
CHUNK_BYTES = {"cpu": 2**22, "cuda": 2**30}
DAMPING = (1.0, 0.2, 5.0, 1e-12)  # initial value, factor after a good step, factor after a poor one, minimum
GAIN = (0.1, 0.75)  # share of the predicted fall of q: below the first, a step is refused; above the second, it is good
STATIONARY = 1e-6  # ‖Jᵀr‖ / ‖r‖ below which a point is a local minimum of q but not a fixed point


@dataclass(frozen=True)
class Search:
    """The ends of starts: states (point, unit), speeds q (point), and whether each is a local minimum of q (point)."""

    state: Tensor
    speed: Tensor
    stationary: Tensor


def search(
    cell, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor, tolerance: float, iterations: int
) -> Search:
    """Minimise q(h) = ½‖F(h, u) − h‖² from every start by Levenberg–Marquardt with the analytic Jacobian.

    Sussillo & Barak 2013 (eq. 1) minimise q by a first-order or trust-region method. Here every start takes damped
    Gauss–Newton steps (JᵀJ + λ‖r‖ I) δ = −Jᵀr, where λ adapts to how well the linear model predicts the fall of q. So
    convergence is quadratic, and float64 reaches q < 1e-24. Starts that have converged or are stationary leave the
    active set.

    Parameters
    ----------
    parameters : each parameter of one network in float64.
    state, inputs : starts (point, unit) and constant inputs (point, input).
    tolerance : speed q below which a point has converged.
    iterations : maximum number of iterations per start.
    """
    parts = [
        _search_chunk(cell, parameters, state[some].clone(), inputs[some], tolerance, iterations)
        for some in chunks(state)
    ]
    return Search(*(torch.cat([getattr(part, name) for part in parts]) for name in ("state", "speed", "stationary")))


def chunks(state: Tensor) -> list[slice]:
    """Slices of the points (point, unit), at least one, small enough for their matrices to fit into memory."""
    size = max(1, CHUNK_BYTES[state.device.type] // (state.element_size() * state.shape[1] ** 2))
    return [slice(first, first + size) for first in range(0, max(1, len(state)), size)]


def _search_chunk(cell, parameters, state, inputs, tolerance, iterations) -> Search:
    first, down, up, least = DAMPING
    damping = torch.full_like(state[:, 0], first)
    residual = cell.step(parameters, state, inputs) - state
    stationary = torch.zeros(len(state), dtype=torch.bool, device=state.device)
    active = torch.arange(len(state), device=state.device)
    identity = torch.eye(state.shape[1], dtype=state.dtype, device=state.device)
    for _ in range(iterations):
        active = active[(_speed(residual[active]) >= tolerance_at(state[active], tolerance)) & ~stationary[active]]
        if not len(active):
            break
        old, r = state[active], residual[active]
        jacobian = cell.jacobian(parameters, old, inputs[active]) - identity  # (point, unit, unit)
        slope = (jacobian.mT @ r[..., None])[..., 0]  # gradient of q (point, unit)
        weight = damping[active] * r.norm(dim=1)
        normal = jacobian.mT @ jacobian  # (point, unit, unit)
        normal.diagonal(dim1=1, dim2=2).add_(weight[:, None])
        factor, failed = torch.linalg.cholesky_ex(normal)
        half = torch.linalg.solve_triangular(factor, -slope[..., None], upper=False)
        step = torch.linalg.solve_triangular(factor.mT, half, upper=True)[..., 0]
        new = old + step
        new_residual = cell.step(parameters, new, inputs[active]) - new
        predicted = 0.5 * (step * (weight[:, None] * step - slope)).sum(1)  # fall of q under the linear model
        gain = (_speed(r) - _speed(new_residual)) / predicted.clamp_min(1e-300)
        better = (gain > GAIN[0]) & (failed == 0)
        state[active] = torch.where(better[:, None], new, old)
        residual[active] = torch.where(better[:, None], new_residual, r)
        scale = torch.where(gain > GAIN[1], down, torch.where(better, 1.0, up))
        damping[active] = (damping[active] * scale).clamp(least, 1e12)
        # a minimum of q: the gradient vanishes but the residual does not, or no step helps, however short
        flat = slope.norm(dim=1) < STATIONARY * r.norm(dim=1)
        stationary[active] = flat | (~better & (damping[active] >= 1e10))
    return Search(state, _speed(residual), stationary)


def tolerance_at(state: Tensor, tolerance: float) -> Tensor:
    """Tolerance of the speed at each state; it grows for states much larger than 1, as rounding does."""
    return tolerance * state.square().mean(-1).clamp_min(1)


def _speed(residual: Tensor) -> Tensor:
    return 0.5 * residual.square().sum(-1)
