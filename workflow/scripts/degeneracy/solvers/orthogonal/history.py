"""The memory of L-BFGS, kept as one array with its inner products."""

from dataclasses import dataclass

import torch

from degeneracy.solvers.orthogonal.objective import dot

USABLE = 1e-6  # cosine of the angle between a step and its change of the gradient, at least


@dataclass
class History:
    """The last steps of each problem, the changes of the gradient along them, and the gradient.

    A step is C → exp(Ω) C. Gradients at different C are compared in the Lie algebra, where Ω lies. Steps, changes and
    gradient lie in one array whose inner products are kept. So an iteration passes over the array twice: once for the
    direction, and once to project the new gradient (Chen et al. 2014).

    entries    (problem, 2 memory + 1, n²) steps, changes, gradient, all in scaled coordinates
    inner      (problem, 2 memory + 1, 2 memory + 1) inner products of the entries
    curvature  (problem, memory) 1 / (step · change), or 0 for a slot that is not used
    gain       (problem,) scale of the initial Hessian's inverse
    slot       the slot to be overwritten next, which holds the oldest step
    """

    entries: torch.Tensor
    inner: torch.Tensor
    curvature: torch.Tensor
    gain: torch.Tensor
    slot: int = 0

    @classmethod
    def beginning_with(cls, gradient, memory):
        """A history without steps; gradient: (problem, n, n)."""
        problems, width = len(gradient), 2 * memory + 1
        history = cls(
            gradient.new_zeros(problems, width, gradient[0].numel()),
            gradient.new_zeros(problems, width, width),
            gradient.new_zeros(problems, memory),
            gradient.new_ones(problems),
        )
        history.restart(slice(None), gradient)
        return history

    @property
    def gradient(self):
        """(problem, n²), a view."""
        return self.entries[:, -1]

    def take(self, index):
        return History(self.entries[index], self.inner[index], self.curvature[index], self.gain[index], self.slot)

    def restart(self, index, gradient):
        """Forget the steps of some problems; gradient: (index, n, n), their new gradient."""
        self.entries[index], self.inner[index], self.curvature[index], self.gain[index] = 0, 0, 0, 1
        self.entries[index, -1] = gradient.flatten(1)
        self.inner[index, -1, -1] = dot(gradient, gradient)

    def descent_direction(self):
        """Weights (problem, 2 memory + 1) of the entries in the next direction, and its slope (problem,).

        The direction is that of L-BFGS, or the scaled negative gradient where L-BFGS would go uphill.
        """
        weights = _two_loop(self.inner, self.curvature, self.gain, self.slot)
        slope = (weights * self.inner[:, -1]).sum(1)
        uphill = slope >= 0
        steepest = torch.zeros_like(weights)
        steepest[:, -1] = -self.gain
        weights = torch.where(uphill[:, None], steepest, weights)
        return weights, torch.where(uphill, -self.gain * self.inner[:, -1, -1], slope)

    def combination(self, weights):
        """(problem, n²) sum of the entries with these weights."""
        return torch.bmm(weights[:, None], self.entries)[:, 0]

    def append(self, weights, slope, step, direction, gradient):
        """Replace the oldest step by `step · direction` and update all inner products.

        weights, slope: (problem, 2 memory + 1) and (problem,) as `descent_direction` gave them. step: (problem,), 0
        where the step was refused. direction, gradient: (problem, n, n) the direction and the gradient after the step.
        """
        memory, slot = self.curvature.shape[1], self.slot
        new, changed = self.entries[:, slot], self.entries[:, memory + slot]  # both are written to
        torch.mul(direction.flatten(1), step[:, None], out=new)
        torch.sub(gradient.flatten(1), self.gradient, out=changed)
        self.entries[:, -1] = gradient.flatten(1)
        # A row times a matrix: a batched matrix times a column takes ten times as long.
        projected = torch.bmm(self.entries[:, -1:], self.entries.mT)[:, 0]  # (problem, 2 memory + 1)
        with_step = step[:, None] * torch.bmm(weights[:, None], self.inner)[:, 0]
        with_change = projected - self.inner[:, -1]
        product = projected[:, slot] - step * slope  # (problem,) step · change
        step_square = (step * (weights * with_step).sum(1)).clamp(min=0)
        change_square = torch.linalg.vector_norm(changed, dim=1).square()
        self._set_inner(slot, with_step, step_square)
        self._set_inner(memory + slot, with_change, change_square)
        self._set_inner(-1, projected)
        self.inner[:, slot, memory + slot] = self.inner[:, memory + slot, slot] = product
        usable = product > USABLE * (change_square * step_square).sqrt()
        usable &= change_square > torch.finfo(gradient.dtype).tiny
        self.curvature[:, slot] = torch.where(usable, 1 / product, 0)
        self.gain = torch.where(usable, product / change_square, self.gain)
        self.slot = (slot + 1) % memory

    def _set_inner(self, row, values, square=None):
        """Write the inner products of one entry with all, and with itself if `values` does not hold that."""
        self.inner[:, row], self.inner[:, :, row] = values, values
        if square is not None:
            self.inner[:, row, row] = square


def _two_loop(inner, curvature, gain, slot):
    """(problem, 2 memory + 1) weights of steps, changes and gradient in the L-BFGS direction, from inner products.

    With q = g + Σ w_j y_j in the first loop and r = gain q + Σ v_j s_j in the second (Nocedal & Wright 2006, algorithm
    7.4), only s·q and y·r are needed.
    """
    memory = curvature.shape[1]
    oldest_first = [(slot + j) % memory for j in range(memory)]
    steps_changes, changes = inner[:, :memory, memory:-1], inner[:, memory:-1, memory:-1]
    with_steps = inner[:, -1, :memory]
    alpha = torch.zeros_like(curvature)
    for j in reversed(oldest_first):
        alpha[:, j] = curvature[:, j] * with_steps[:, j]
        with_steps = with_steps - alpha[:, j, None] * steps_changes[:, :, j]
    with_changes = inner[:, -1, memory:-1] - (alpha[:, None] @ changes)[:, 0]
    with_changes = with_changes * gain[:, None]
    weights = torch.zeros_like(curvature)
    for j in oldest_first:
        weights[:, j] = curvature[:, j] * with_changes[:, j] - alpha[:, j]
        with_changes = with_changes - weights[:, j, None] * steps_changes[:, j]
    return torch.cat([weights, gain[:, None] * alpha, -gain[:, None]], 1)
