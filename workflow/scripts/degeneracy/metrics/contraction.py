"""Contraction: an upper bound on how far a step can drive two states apart that get the same input.

The `value` bounds the Lipschitz constant of the step in a norm ‖Θ h‖, with the best diagonal metric Θ that was found.
If it is below 1, it is a certificate: two trajectories with the same inputs come closer by this factor in each step, as
long as they stay in the certified set (Kozachkov et al. 2022). Networks with several memories there cannot have it.
`euclidean` is the bound without a metric, and `sampled` the largest Euclidean norm of the Jacobian at states of the
probe trials, which is never above it.

In cells h' = φ(W h + W_x x + b) the Jacobian is diag(s) W, with the slopes s of the units at their drives. On the probe
trials, the drive of each unit stays in a range, in which its slope is at most m (interval bounds, as in Shi et al.
2022). So ‖Θ diag(s) W Θ⁻¹‖ ≤ ‖Θ diag(m) W Θ⁻¹‖, as Θ and diag(s) commute. Cells of currents, with the Jacobian keep + W
diag(s), have ‖keep + W diag(c)‖ + ‖W diag(r)‖ with the middles c and half-widths r of the intervals of the slopes. What
is certified is the set of states and inputs at which every unit stays within its range. It is convex and contains the
trials; so the bound on its Jacobians is one on the distance of any two of its states after a step.

For other cells (gated, almost linear, not known), the bound is the largest norm at `states` states of the trials. It
says nothing about what lies between them; `region` is then 0, and 1 otherwise. All bounds hold up to rounding.
"""

from typing import Annotated

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from degeneracy.metrics._free_run import parameters_of_each
from degeneracy.metrics._slopes import Box, box_of
from degeneracy.plugins.options import Range

LEVEL = "dynamics"
MEASURES = {
    "value": ("bound of the growth of differences in a step, best diagonal metric", "1"),
    "euclidean": ("bound of the growth of differences in a step", "1"),
}
RANGE = {"value": (0, None), "euclidean": (0, None)}
SYMMETRY = "signed"
NEEDS = ("equations", "inputs")
SHARPNESS = 32  # p of the Schatten norm, a smooth stand-in for the largest singular value, of which the bound is taken
ITERATIONS = 100


def value(
    population, *, trials: Annotated[int, Range(1)] = 128, states: Annotated[int, Range(1)] = 256
) -> dict[str, np.ndarray]:
    """Bounds (network) on the first `trials` probe trials, and the largest `sampled` norm at so many of their `states`.

    NaN for a network whose states are not finite.
    """
    inputs = torch.as_tensor(population.trials("probe")["inputs"].values[:trials]).double()
    names, found = ("value", "euclidean", "sampled", "region"), []
    networks = zip(population.seeds, population.states_of_each(trials), parameters_of_each(population), strict=True)
    for seed, own, parameters in networks:
        visited = torch.nn.functional.pad(torch.as_tensor(own), (0, 0, 1, 0))  # (trial, time, unit), from h_0 = 0
        if not visited.isfinite().all():
            print(f"network {seed}: NaN, because its states on the probe trials are not finite")
            found.append((np.nan,) * len(names))
            continue
        with torch.no_grad():
            found.append(_of_network(population.cell, parameters, visited, inputs, states))
    if any(region == 0 for *_, region in found):
        print(f"the slopes of the units of this cell are not known: bounds are for {states} states alone")
    return dict(zip(names, np.array(found).T, strict=True))


def _of_network(cell, parameters: dict[str, Tensor], visited: Tensor, inputs: Tensor, count: int) -> tuple:
    before, given = visited[:, :-1].flatten(0, 1), inputs.flatten(0, 1)  # (sample, …)
    some = torch.linspace(0, len(before) - 1, min(count, len(before))).round().long()
    jacobians = cell.jacobian(parameters, before[some], given[some])  # (sample, unit, source_unit)
    sampled = float(torch.linalg.svdvals(jacobians).max())
    box = box_of(cell, parameters, visited, inputs)
    if box is not None:
        euclidean = bound(box, torch.zeros_like(visited[0, 0]))
        return min(euclidean, *(bound(box, scale) for scale in metrics_for(box))), euclidean, sampled, 1.0
    scale = balance(jacobians.abs().amax(0))
    return min(sampled, float(torch.linalg.svdvals(_scaled(jacobians, scale)).max())), sampled, sampled, 0.0


def bound(box: Box, scale: Tensor) -> float:
    """What ‖Θ J Θ⁻¹‖ cannot exceed for any matrix of a box, with Θ = exp(scale) (unit)."""
    return sum(float(torch.linalg.svdvals(_scaled(part, scale))[0]) for part in box)


def metrics_for(box: Box) -> list[Tensor]:
    """Metrics log Θ (unit) in which the bound of a box is small: that of all |J|, and one that descends from it.

    ‖Θ J Θ⁻¹‖ is convex in log Θ (Sezginer & Overton 1990).
    """
    start = balance(box.centre.abs() + box.radius.abs())

    def smooth(scale: np.ndarray) -> tuple[float, np.ndarray]:
        with torch.enable_grad():
            free = torch.tensor(scale, requires_grad=True)
            parts = [torch.linalg.svdvals(_scaled(part, free)) for part in box if part.any()]
            total = sum((torch.linalg.vector_norm(values, SHARPNESS) for values in parts), 0 * free.sum())
            total.backward()
        return float(total.detach()), free.grad.numpy()

    found = minimize(smooth, start.numpy(), jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS})
    return [start, torch.as_tensor(found.x)]


def balance(matrix: Tensor) -> Tensor:
    """The metric log Θ (unit) in which the norm of a matrix of positive numbers is its spectral radius.

    Θ² is the ratio of the leading left and right eigenvectors. With |W| as the matrix, this is the condition of
    theorem 1 of Kozachkov et al. (2022).
    """
    logs = []
    for each in (matrix.mT, matrix):
        values, vectors = torch.linalg.eig(each)
        logs.append(vectors[:, values.real.argmax()].abs().clamp_min(1e-12).log())
    scale = (logs[0] - logs[1]) / 2
    return scale - scale.mean()


def _scaled(matrix: Tensor, scale: Tensor) -> Tensor:
    """Θ M Θ⁻¹ (…, unit, unit) with Θ = exp(scale) (unit)."""
    return matrix * (scale[:, None] - scale).exp()
