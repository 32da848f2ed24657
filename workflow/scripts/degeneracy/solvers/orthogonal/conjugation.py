"""Distance between two square matrices up to an orthogonal change of basis, for batches of pairs."""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import torch

from degeneracy.solvers.orthogonal.bound import lower_bound
from degeneracy.solvers.orthogonal.descent import descend, rank
from degeneracy.solvers.orthogonal.newton import refine
from degeneracy.solvers.orthogonal.objective import Objective, Pull, polar
from degeneracy.solvers.orthogonal.starts import random_orthogonal, starting_points

SCREENING = torch.float32  # most starts are only ranked, and float32 ranks them at half the price
SCREENING_TOLERANCE = 1e-5  # of the gradient, where the screening of a start ends
REFLECTIONS = (40, 80, 120, 200)  # iterations of the screening at which reflections are tried
# Local minima differ by about as much in close pairs as in others, so by a larger share of the distance. At these sizes
# the best start of a close pair is often a late one, so all are followed.
CLOSE, CLOSE_SIZES = 0.08, range(33, 65)  # distance of unit operators
FINALISTS = 2  # starts of a pair refined in double precision, where that many were followed
WORKSPACE = {"cpu": 2**27, "cuda": 2**30}  # bytes that a chunk of pairs may occupy


class Stop(IntEnum):
    """Why the search of a pair stopped, as stored in `Conjugation.status`."""

    AT_MINIMUM = 0  # the Riemannian gradient is below the tolerance
    AT_LIMIT = 1  # the iteration limit was reached first


@dataclass(frozen=True)
class Conjugation:
    """Result of `conjugation_distance`: NumPy arrays for NumPy input, otherwise tensors on the device of the input.

    distance     (pair,) ‖A − C B Cᵀ‖_F at `transform`, an upper bound of the minimum that is attained; with inputs,
                 the root of ‖A − C B Cᵀ‖² + ‖P − C Q‖²
    lower_bound  (pair,) proven: no orthogonal C does better
    transform    (pair, n, n) the best orthogonal C
    spread       (pair,) standard deviation of the distance over the starts that were followed to a local minimum,
                 which are those that converged or were kept to the end of the screening; NaN if there is only one
    status       (pair,) a `Stop`
    """

    distance: np.ndarray | torch.Tensor
    lower_bound: np.ndarray | torch.Tensor
    transform: np.ndarray | torch.Tensor
    spread: np.ndarray | torch.Tensor
    status: np.ndarray | torch.Tensor


def conjugation_distance(
    a, b, *, inputs=None, starts: int | None = None, tolerance: float = 1e-7, seed: int = 0
) -> Conjugation:
    """Minimise ‖A − C B Cᵀ‖_F over orthogonal C, det +1 and −1, for every pair of a batch.

    a, b: (pair, n, n) and (pair, m, m), or one pair as (n, n) and (m, m); NumPy arrays or tensors on any device. The
    distance has their unit. The smaller matrix is padded with zero rows and columns, so C is max(n, m) square.
    inputs: P and Q, (pair, n, m) each, where n is the size of both operators. Then the sum
    ‖A − C B Cᵀ‖² + ‖P − C Q‖² is minimised, and the distance is its root.
    starts: number of starts per pair, spectral ones first, then random ones drawn from `seed`; None: by size.
    tolerance: of the Frobenius norm of the Riemannian gradient of ½‖A/‖A‖ − C B/‖B‖ Cᵀ‖²; with inputs, of half the
    sum of squares divided by ‖A‖ ‖B‖.
    The result is deterministic, and the starts of a pair do not depend on the other pairs. Exchanging A and B
    (and P and Q) of all pairs gives the same distances, to the last bit, and the transposed C.

    Raises ValueError for wrong shapes, unequal batches, NaN or infinite entries, starts < 1 or tolerance <= 0.

    Source: Ostrow et al. 2023 (NeurIPS, DSA), eq. 6. They descend with Adam through a network onto O(n), from one
    random start in each component. The landscape is rugged, so we run preconditioned L-BFGS on O(n) from many starts
    and reflect those that are stuck.

    Example:
        >>> operator, turn = np.diag([2.0, 1.0]), np.array([[0.6, -0.8], [0.8, 0.6]])
        >>> bool(conjugation_distance(operator, turn @ operator @ turn.T).distance < 1e-7)
        True
    """
    if starts is not None and starts < 1:
        raise ValueError(f"starts is {starts}; it must be at least 1.")
    if not tolerance > 0:
        raise ValueError(f"tolerance is {tolerance}; it must be positive.")
    as_numpy = not (isinstance(a, torch.Tensor) or isinstance(b, torch.Tensor))
    a, b = _checked("a", a), _checked("b", b)
    if len(a) != len(b):
        raise ValueError(f"a holds {len(a)} matrices and b holds {len(b)}; the batches must have the same size.")
    size = max(a.shape[-1], b.shape[-1])
    given = [] if inputs is None else _checked_inputs(inputs, a, b)
    a, b = _padded(a, size), _padded(b.to(a.device), size)
    exchanged, a, b, given = _in_order(a, b, given)
    starts = _default_starts(size) if starts is None else starts
    random = random_orthogonal(starts, size, seed).to(a.device)
    chunk = max(1, WORKSPACE.get(a.device.type, 2**27) // (starts * size * size * 120))
    chunks = zip(*(x.split(chunk) for x in (a, b, *given)), strict=True)
    parts = [_solve(x, y, pq, random, tolerance) for x, y, *pq in chunks]
    fields = [torch.cat(field) for field in zip(*parts, strict=True)]
    fields[2] = torch.where(exchanged[:, None, None], fields[2].mT, fields[2])
    return Conjugation(*(field.numpy() for field in fields) if as_numpy else fields)


def _checked(name: str, matrices) -> torch.Tensor:
    matrices = torch.as_tensor(matrices).detach().to(torch.float64)
    if matrices.ndim == 2:
        matrices = matrices[None]
    if matrices.ndim != 3 or matrices.shape[-1] != matrices.shape[-2] or matrices.shape[-1] == 0:
        raise ValueError(f"{name} has shape {tuple(matrices.shape)}; it must be (pair, n, n) or (n, n), square.")
    bad = (~matrices.isfinite()).flatten(1).any(1).nonzero().flatten().tolist()
    if bad:
        raise ValueError(f"{name} has NaN or infinite entries in pair {', '.join(map(str, bad))}.")
    return matrices


def _checked_inputs(inputs, a, b) -> list[torch.Tensor]:
    p, q = (torch.as_tensor(x).detach().to(a.device, torch.float64) for x in inputs)
    p, q = (x[None] if x.ndim == 2 else x for x in (p, q))
    if p.ndim != 3 or p.shape != q.shape or p.shape[:2] != a.shape[:2] or q.shape[:2] != b.shape[:2]:
        raise ValueError(
            f"inputs have shapes {tuple(p.shape)} and {tuple(q.shape)}; both must be (pair, n, m), "
            f"as the operators are {tuple(a.shape)} and {tuple(b.shape)}."
        )
    if not (p.isfinite().all() and q.isfinite().all()):
        raise ValueError("inputs have NaN or infinite entries.")
    return [p, q]


def _padded(matrices: torch.Tensor, size: int) -> torch.Tensor:
    missing = size - matrices.shape[-1]
    return torch.nn.functional.pad(matrices, (0, missing, 0, missing))  # (pair, size, size)


def _in_order(a, b, inputs):
    """(pair,) which pairs are exchanged, and all operators and inputs, so that A sorts before B, then P before Q."""
    sides = [(a, b), inputs] if inputs else [(a, b)]
    difference = torch.cat([(x - y).flatten(1) for x, y in sides], 1)
    first = (difference != 0).int().argmax(1, keepdim=True)
    exchanged = difference.gather(1, first)[:, 0] > 0
    chosen = exchanged[:, None, None]
    (a, b), *inputs = ((torch.where(chosen, y, x), torch.where(chosen, x, y)) for x, y in sides)
    return exchanged, a, b, inputs[0] if inputs else []


def _default_starts(size: int) -> int:
    return 24 if size <= 12 else 14 if size <= 32 else 12 if size <= 64 else 4


def _solve(a, b, inputs, random, tolerance):
    """All fields of `Conjugation` for one chunk of pairs; inputs: [] or [P, Q]; random: (start, n, n)."""
    norms = a.flatten(1).norm(dim=1), b.flatten(1).norm(dim=1)
    scale = norms[0] * norms[1]
    unit_a, unit_b = _normalised(a, scale), _normalised(b, scale)
    scale = torch.where(scale > 0, scale, 1)
    # The diagonal preconditioner is good in these frames only.
    frame_a, frame_b = (torch.linalg.eigh(x + x.mT)[1] for x in (unit_a, unit_b))
    unit_a, unit_b = frame_a.mT @ unit_a @ frame_a, frame_b.mT @ unit_b @ frame_b
    pull = Pull.between(frame_a.mT @ inputs[0], frame_b.mT @ inputs[1], scale) if inputs else None

    screened, error = _screen(unit_a, unit_b, pull, starting_points(unit_a, unit_b, pull, random))
    best, gradient, error = _finish(unit_a, unit_b, pull, screened, error, tolerance)

    transform = frame_a @ polar(best) @ frame_b.mT
    square = (a - transform @ b @ transform.mT).square().sum((1, 2))
    lower = lower_bound(a, b).square()
    if inputs:
        square = square + (inputs[0] - transform @ inputs[1]).square().sum((1, 2))
        lower = lower + 2 * scale * (pull.constant - pull.most()).clamp(min=0)
    distance = square.sqrt()
    local = ((norms[0] - norms[1])[:, None] ** 2 + 2 * scale[:, None] * error.clamp(min=0)).sqrt()
    status = torch.where(gradient <= tolerance, Stop.AT_MINIMUM, Stop.AT_LIMIT)
    return distance, torch.minimum(lower.sqrt(), distance), transform, _spread(local, error.isfinite()), status


def _normalised(x, scale):
    """Matrices of norm 1, or zero where the scale is zero: with a zero operator there is nothing to align."""
    norm = x.flatten(1).norm(dim=1)
    return x * torch.where(scale > 0, 1 / norm, 0)[:, None, None]


def _screen(a, b, pull, starts):
    """Follow all starts in single precision: transforms (pair, start, n, n) and errors (pair, start), infinite for
    starts given up.

    A start C from A to B is a start Cᵀ from B to A with the same error. Half of the starts are followed that way: their
    steps are scaled by B and lead elsewhere.
    """
    count = starts.shape[1]
    a, b, starts = (x.to(SCREENING) for x in (a, b, starts))
    # Random starts alternate between the components of O(n), so both directions get both.
    turned = (torch.arange(count, device=a.device) // 2 % 2 == 1)[:, None, None]  # (start, 1, 1)

    def transposed(x):
        return torch.where(turned, x.mT, x)

    sources, targets = torch.where(turned, b[:, None], a[:, None]), torch.where(turned, a[:, None], b[:, None])
    if pull is not None:
        pull = pull.to(SCREENING)
        pull = Pull(transposed(pull.towards[:, None]).flatten(0, 1), pull.constant.repeat_interleave(count))
    size = starts.shape[-1]
    options = {"schedule": _schedule(count, size), "close": CLOSE * (size in CLOSE_SIZES)}
    options |= {"tolerance": SCREENING_TOLERANCE, "reflections": REFLECTIONS}
    screened, error, _ = descend(sources, targets, transposed(starts), pull, **options)
    return transposed(screened), error


def _schedule(starts: int, size: int) -> dict[int, int]:
    """Iteration -> how many starts of a pair go on after it; the last iteration ends the screening.

    Errors say little about the final rank during the first 60 iterations, and in larger problems for longer.
    """
    if size <= 32:
        return {60 if size <= 12 else 80: math.ceil(starts / 2), 140: math.ceil(starts / 5), 300: 1}
    if size <= 64:
        return {80: math.ceil(starts / 2.4), 160: math.ceil(starts / 6), 300: 1, 500: 1}
    return {40: 3, 80: 2, 200: 1, 600: 1}  # the local minima of unrelated operators differ by some 1% there


def _finish(a, b, pull, screened, error, tolerance):
    """Refine the best starts of each pair in double precision.

    Returns the best transform (pair, n, n), the norm of its gradient (pair,) and all errors (pair, start), the refined
    ones in place of those of the screening.
    """
    pairs, starts = error.shape
    finalists = rank(error).argsort(1)[:, : min(FINALISTS, starts)]
    if a.shape[-1] > 32:
        finalists = finalists[:, :1]  # a second local minimum would double the time there
    rows = torch.arange(pairs, device=a.device)
    count = finalists.shape[1]
    again = rows.repeat_interleave(count)
    objective = Objective.between(a[again], b[again], pull and pull.take(again))
    refined, refined_error, gradient = (
        x.unflatten(0, (pairs, count))
        for x in refine(objective, screened[rows[:, None], finalists].double().flatten(0, 1), tolerance=tolerance)
    )
    best = refined_error.argmin(1)
    error = error.double().scatter(1, finalists, refined_error)
    return refined[rows, best], gradient[rows, best], error


def _spread(distance, followed):
    """(pair,) standard deviation of the distances (pair, start) that were followed; NaN if fewer than two were."""
    count = followed.sum(1)
    mean = torch.where(followed, distance, 0).sum(1) / count
    spread = (torch.where(followed, distance - mean[:, None], 0).square().sum(1) / count).sqrt()
    return torch.where(count > 1, spread, math.nan)
