"""Preconditioned L-BFGS on O(n) from many starts, all problems in one batch."""

import math
from dataclasses import dataclass

import torch

from degeneracy.solvers.orthogonal.history import History
from degeneracy.solvers.orthogonal.objective import Objective
from degeneracy.solvers.orthogonal.starts import reflected

LONGEST = 1.0  # Frobenius norm of Ω of a step, at most
SMALL_TURN = 0.05  # Frobenius norm of Ω up to which the third-order term is left out
DECREASE = 1e-4  # of the error, relative to what the slope promises, for a step to be accepted
CHECK = 10  # iterations between two checks of convergence
FIRST_CUT = 40  # iterations before a start may be given up as hopeless
HOPELESS = 4.0  # times the squared distance of the pair's best start
LEAST_GAIN = 0.01  # of the error, for a reflection to be taken
CROWDED = 0.9  # share of live problems below which the batch is made smaller


@dataclass
class _Iterate:
    """Where the live problems of a batch stand.

    c        (problem, n, n) the transform
    error    (problem,) the objective at c
    length   (problem,) of the next step, in units of the quasi-Newton step
    history  the gradient at c, and the steps and changes of the gradient that led there
    """

    objective: Objective
    c: torch.Tensor
    error: torch.Tensor
    length: torch.Tensor
    history: History

    @classmethod
    def at(cls, objective, c, memory):
        error, gradient = objective.evaluate(c)
        return cls(objective, c, error, c.new_ones(len(c)), History.beginning_with(gradient, memory))

    def take(self, index):
        c, error, length = (x[index] for x in (self.c, self.error, self.length))
        return _Iterate(self.objective.take(index), c, error, length, self.history.take(index))

    def gradient_norm(self):
        """(problem,) Frobenius norm of the Riemannian gradient, in the coordinates of Ω."""
        gradient = self.history.gradient.unflatten(1, self.c.shape[1:])
        return torch.linalg.vector_norm(gradient / self.objective.scaling, dim=(1, 2))


@dataclass
class _Record:
    """What is known of all starts, those that have stopped included; all arrays are (pair · start, …).

    transform  the last C that was checked
    error      the objective there; infinite for starts that were given up
    gradient   Frobenius norm of the gradient there
    starts     how many starts a pair has
    """

    transform: torch.Tensor
    error: torch.Tensor
    gradient: torch.Tensor
    starts: int

    @classmethod
    def of(cls, transform, starts):
        unknown = transform.new_full((len(transform),), math.inf)
        return cls(transform.clone(), unknown, unknown.clone(), starts)

    def store(self, live, iterate, gradient_norm):
        self.transform[live], self.error[live], self.gradient[live] = iterate.c, iterate.error, gradient_norm

    def survivors(self, live, tolerance, done, places, close):
        """(live,) which of the live starts go on; the others have converged or are given up.

        places: how many starts of a pair may go on after this iteration, or None for all. close: see `descend`.
        """
        going = self.gradient[live] > tolerance
        if places is not None:
            errors = self.error.view(-1, self.starts)
            behind = (rank(errors).flatten() >= places)[live] & (errors.amin(1) >= close**2 / 2)[live // self.starts]
            self.error[live[going & behind]] = math.inf
            going &= ~behind
        if done >= FIRST_CUT:  # in a related pair one start is at its minimum and the others are nowhere near
            best = self.error.view(-1, self.starts).amin(1)[live // self.starts]
            far = self.error[live] > HOPELESS * best
            self.error[live[going & far]] = math.inf
            going &= ~far
        return going

    def by_pair(self):
        return tuple(x.unflatten(0, (-1, self.starts)) for x in (self.transform, self.error, self.gradient))


def descend(a, b, c, pull=None, *, tolerance, schedule, reflections=(), close=0.0, memory=4):
    """Minimise ½‖A − C B Cᵀ‖² by L-BFGS from several starts per pair.

    a, b, c: (pair, start, n, n), a and b of norm 1. pull: the term of the inputs, one problem per start.
    schedule: iteration -> how many starts of a pair go on after it; the last iteration ends the descent.
    close: distance of a pair below which all its starts go on, unless they are hopeless.
    reflections: iterations at which stuck starts are reflected, if they are in the schedule or multiples of CHECK.
    Returns the transforms, the errors (infinite for starts given up) and the gradient norms, all (pair, start, …).
    """
    starts, last = c.shape[1], max(schedule)
    record = _Record.of(c.flatten(0, 1), starts)
    live = torch.arange(len(record.error), device=c.device)  # problem = (pair, start)
    objective = Objective.between(a.flatten(0, 1), b.flatten(0, 1), pull)
    iterate = _Iterate.at(objective, record.transform, memory)
    for done in range(1, last + 1):
        _advance(iterate, orthonormalise=done % CHECK == 1)
        if done % CHECK and done not in schedule:
            continue
        norm = iterate.gradient_norm()
        if done in reflections:
            norm[_reflect(iterate)] = math.inf
        record.store(live, iterate, norm)
        places = schedule.get(done) if done < last else None
        kept = record.survivors(live, tolerance, done, places, close).nonzero().flatten()
        if len(kept) == 0:
            break
        if len(kept) < CROWDED * len(live):
            live, iterate = live[kept], iterate.take(kept)
    return record.by_pair()


def rank(errors):
    """(pair, start) rank of each start among those of its pair, 0 the best."""
    return errors.argsort(dim=1, stable=True).argsort(dim=1, stable=True)


def _advance(iterate, *, orthonormalise):
    """Try one step for every problem and keep C where the step is refused.

    A refused step is shortened in the next iteration. So an iteration evaluates the objective once, and no problem
    waits for the line search of another.
    """
    history, objective = iterate.history, iterate.objective
    weights, slope = history.descent_direction()
    direction = history.combination(weights).view_as(iterate.c)  # (problem, n, n), scaled coordinates
    step, c = _retract(iterate.c, direction * objective.scaling, iterate.length, orthonormalise)
    error, gradient = objective.evaluate(c)
    iterate.length = torch.ones_like(iterate.length)
    refused = _refused(iterate.error, error, step, slope).nonzero().flatten()
    if len(refused):
        iterate.length[refused] = _shortened(iterate.error, error, step, slope, refused)
        c[refused], gradient[refused] = iterate.c[refused], history.gradient[refused].view(-1, *c.shape[1:])
        error[refused], step[refused] = iterate.error[refused], 0
    iterate.c, iterate.error = c, error
    history.append(weights, slope, step, direction, gradient)


def _retract(c, omega, length, orthonormalise):
    """Lengths (problem,) of the steps, at most LONGEST, and exp(step · Ω) C (problem, n, n); Ω is overwritten.

    exp(Ω) C ≈ (1 + Ω + Ω²/2 + Ω³/8) C is orthogonal up to ‖Ω‖⁶/64, without the last term up to ‖Ω‖⁴/4.
    """
    turned = torch.linalg.vector_norm(omega, dim=(1, 2)).clamp(min=torch.finfo(c.dtype).eps)
    step = torch.minimum(length, LONGEST / turned)
    if (step != 1).any():
        omega *= step[:, None, None]
    moved = torch.baddbmm(c, omega, c, alpha=0.25) if (step * turned).max() > SMALL_TURN else c
    moved = torch.baddbmm(c, omega, moved, alpha=0.5)
    moved = torch.baddbmm(c, omega, moved)
    if orthonormalise:  # one Newton–Schulz step removes the rounding that has built up
        moved = torch.baddbmm(moved, moved, torch.bmm(moved.mT, moved), beta=1.5, alpha=-0.5)
    return step, moved


def _refused(error, reached, step, slope):
    """(problem,) whether the error falls by too little (Armijo's rule).

    The last terms forgive rounding, because near a minimum the true decrease is smaller.
    """
    machine = torch.finfo(error.dtype).eps
    return reached > error + DECREASE * step * slope + 4 * machine * (error.sqrt() + machine)


def _shortened(error, reached, step, slope, refused):
    """(refused,) length to try next: at the minimum of the parabola, between a tenth and half of the step tried."""
    excess = reached[refused] - error[refused] - slope[refused] * step[refused]
    best = -0.5 * slope[refused] * step[refused] / excess  # in units of the step tried
    return step[refused] * best.clamp(0.1, 0.5)


def _reflect(iterate):
    """Reflect the problems that are stuck and gain by it, and return which they are (reflected,)."""
    c = reflected(iterate.objective.a, iterate.objective.b, iterate.c)
    error, gradient = iterate.objective.evaluate(c)
    jumped = (error < (1 - LEAST_GAIN) * iterate.error).nonzero().flatten()
    if len(jumped):
        iterate.c[jumped], iterate.error[jumped] = c[jumped], error[jumped]
        iterate.length[jumped] = 1
        iterate.history.restart(jumped, gradient[jumped])
    return jumped
