"""Distance between two square matrices up to an orthogonal change of basis, for batches of pairs."""

import math
from dataclasses import dataclass

import numpy as np
import torch

CONVERGED, UNCONVERGED = 0, 1
SCREENING = torch.float32  # most starts are only ranked, and float32 ranks them at half the price
SMALL_TURN = 0.05  # Frobenius norm of Ω
HOPELESS = 4.0  # times the squared distance of the pair's best start
REFLECTIONS = (40, 80, 120, 200)  # iterations of the screening at which reflections are tried
LEAST_GAIN = 0.01  # of the error, for a reflection to be taken
FINALISTS = 2  # starts of a pair refined in double precision, where that many were followed
SHIFTS = (-2.0, -0.5, 0.0, 0.5, 2.0)  # of the singular value bound, in root-mean-square singular values
ANGLES = (math.pi / 8, math.pi / 4, 3 * math.pi / 8)  # of the Hermitian pencil bound
WORKSPACE = {"cpu": 2**27, "cuda": 2**30}  # bytes a chunk of pairs may occupy


@dataclass(frozen=True)
class Conjugation:
    """Result of `conjugation_distance`; arrays are NumPy for NumPy input, else tensors on the input's device.

    distance     (pair,) ‖A − C B Cᵀ‖_F at `transform`: an upper bound of the minimum, attained; with inputs the root
                 of ‖A − C B Cᵀ‖² + ‖P − C Q‖²
    lower_bound  (pair,) proven: no orthogonal C does better
    transform    (pair, n, n) the orthogonal C found
    spread       (pair,) standard deviation of the distance over the starts that were followed to a local minimum,
                 that is converged or kept to the end of the screening; NaN where only one was
    status       (pair,) 0: Riemannian gradient below the tolerance; 1: iteration limit reached first
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

    a, b: (pair, n, n) and (pair, m, m), or one pair as (n, n) and (m, m); NumPy arrays or tensors, any device.
    The smaller matrix is padded with zero rows and columns to the larger size, so C is max(n, m) square.
    inputs: P and Q, (pair, n, m) each, n the size of both operators: minimise ‖A − C B Cᵀ‖² + ‖P − C Q‖² instead.
    starts: how many starts a pair gets, spectral ones first, then random ones drawn from `seed`; None: by size.
    tolerance: on the Frobenius norm of the Riemannian gradient of ½‖A/‖A‖ − C B/‖B‖ Cᵀ‖², or with inputs of half
    the sum of squares over ‖A‖ ‖B‖.
    Everything is deterministic and the starts of a pair do not depend on the other pairs.

    Raises ValueError for wrong shapes, unequal batches, NaN or infinite entries, starts < 1 or tolerance <= 0.

    Source: Ostrow et al. 2023 (NeurIPS, DSA), eq. 6. They descend with Adam through a network onto O(n) from one random
    start in each component; we run preconditioned L-BFGS on O(n) from many starts, because the landscape is rugged,
    and reflect those that are stuck (`_reflected`).
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
    starts = _default_starts(size) if starts is None else starts
    random = _random_orthogonal(starts, size, seed).to(a.device)
    chunk = max(1, WORKSPACE.get(a.device.type, 2**27) // (starts * size * size * 120))
    chunks = zip(*(each.split(chunk) for each in (a, b, *given)), strict=True)
    parts = [_solve(x, y, pq, random, tolerance) for x, y, *pq in chunks]
    fields = [torch.cat(field) for field in zip(*parts, strict=True)]
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
    p, q = (torch.as_tensor(each).detach().to(a.device, torch.float64) for each in inputs)
    p, q = (each[None] if each.ndim == 2 else each for each in (p, q))
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


def _default_starts(size: int) -> int:
    return 24 if size <= 12 else 14 if size <= 32 else 12 if size <= 64 else 4


def _solve(a, b, inputs, random, tolerance):
    """All fields of `Conjugation` for one chunk of pairs; inputs: [] or [P, Q]."""
    norms = a.flatten(1).norm(dim=1), b.flatten(1).norm(dim=1)
    scale = norms[0] * norms[1]
    unit_a, unit_b = _normalised(a, scale), _normalised(b, scale)
    scale = torch.where(scale > 0, scale, 1)
    frame = torch.linalg.eigh(unit_a + unit_a.mT)[1]
    unit_a = frame.mT @ unit_a @ frame  # the diagonal preconditioner is good in this frame only
    pull = _Pull.between(frame.mT @ inputs[0], inputs[1], scale) if inputs else None
    pair, size, starts = len(a), a.shape[-1], len(random)
    spectral = _spectral_starts(unit_a, unit_b, starts - starts // 6)
    if pull is not None:
        nearest = pull.nearest()[:, None]
        against = (spectral * nearest).sum((2, 3), keepdim=True) < 0  # C and −C turn the operators alike
        spectral = torch.cat([nearest, torch.where(against, -spectral, spectral)], 1)
    spectral = spectral[:, : starts - starts // 6]
    start = torch.cat([spectral, random[: starts - spectral.shape[1]].expand(pair, -1, -1, -1)], 1)
    screened, error = _descend(
        *(x.to(SCREENING) for x in (unit_a, unit_b, start)),
        pull and pull.to(SCREENING),
        tolerance=1e-5,
        schedule=_schedule(starts, size),
        reflections=REFLECTIONS,
    )[:2]
    finalists = _rank(error).argsort(1)[:, : min(FINALISTS, starts)]
    rows = torch.arange(pair, device=a.device)[:, None]
    if size > 32:
        finalists = finalists[:, :1]  # a second local minimum would double the time there
    count = finalists.shape[1]
    again = rows[:, 0].repeat_interleave(count)
    refined, refined_error, gradient = (
        x.unflatten(0, (pair, count))
        for x in _refine(
            unit_a[again],
            unit_b[again],
            screened[rows, finalists].double().flatten(0, 1),
            pull and pull.of(again),
            tolerance=tolerance,
        )
    )
    error = error.double().scatter(1, finalists, refined_error)
    best = refined_error.argmin(1)
    transform, gradient = frame @ _polar(refined[rows[:, 0], best]), gradient[rows[:, 0], best]
    square = (a - transform @ b @ transform.mT).square().sum((1, 2))
    lower = _lower_bound(a, b).square()
    if inputs:
        square = square + (inputs[0] - transform @ inputs[1]).square().sum((1, 2))
        lower = lower + 2 * scale * (pull.constant - pull.most()).clamp(min=0)
    distance = square.sqrt()
    followed = error.isfinite()
    local = ((norms[0] - norms[1])[:, None] ** 2 + 2 * scale[:, None] * error.clamp(min=0)).sqrt()
    mean = torch.where(followed, local, 0).sum(1) / followed.sum(1)
    spread = (torch.where(followed, local - mean[:, None], 0).square().sum(1) / followed.sum(1)).sqrt()
    spread = torch.where(followed.sum(1) > 1, spread, math.nan)
    lower = torch.minimum(lower.sqrt(), distance)
    status = torch.where(gradient <= tolerance, CONVERGED, UNCONVERGED)
    return distance, lower, transform, spread, status


@dataclass(frozen=True)
class _Pull:
    """What inputs add to the error of a problem: ½‖P − C Q‖² = constant − ⟨C, P Qᵀ⟩."""

    towards: torch.Tensor  # (problem, n, n) P Qᵀ
    constant: torch.Tensor  # (problem,)

    @classmethod
    def between(cls, p, q, scale):
        """Of P and Q (problem, n, m), divided by the scale (problem,) of the errors."""
        constant = (p.square().sum((1, 2)) + q.square().sum((1, 2))) / 2
        return cls(p @ q.mT / scale[:, None, None], constant / scale)

    def of(self, index):
        return _Pull(self.towards[index], self.constant[index])

    def to(self, dtype):
        return _Pull(self.towards.to(dtype), self.constant.to(dtype))

    def error(self, c):
        return self.constant - _dot(c, self.towards)

    def nearest(self):
        """(problem, n, n) the C that P and Q alone would choose: U Vᵀ, where P Qᵀ = U Σ Vᵀ (Schönemann 1966)."""
        u, _, vt = torch.linalg.svd(self.towards)
        return u @ vt

    def most(self):
        """(problem,) the largest ⟨C, P Qᵀ⟩ there is."""
        return torch.linalg.svdvals(self.towards).sum(1)

    def stiffness(self):
        """(problem, n) diagonal of (P Qᵀ Q Pᵀ)^½, half the curvature along a rotation from axis i, at `nearest`."""
        u, values, _ = torch.linalg.svd(self.towards)
        return (u.square() @ values[..., None])[..., 0]


def _schedule(starts: int, size: int) -> dict[int, int]:
    """Iteration -> how many starts of a pair live on; the last iteration ends the screening.

    Errors say little about the final rank before some 60 iterations, later in larger problems.
    """
    if size <= 32:
        return {60 if size <= 12 else 80: math.ceil(starts / 2), 140: math.ceil(starts / 5), 300: 1}
    if size <= 64:
        return {60: math.ceil(starts / 3), 120: math.ceil(starts / 6), 250: 1, 500: 1}
    return {40: 3, 80: 2, 200: 1, 600: 1}  # the local minima of unrelated operators differ by some 1% there


def _normalised(x, scale):
    """Of norm 1, and zero where the scale is: with a zero operator there is nothing to align."""
    norm = x.flatten(1).norm(dim=1)
    return x * torch.where(scale > 0, 1 / norm, 0)[:, None, None]


# Starts ----------------------------------------------------------------------------------------------------------


def _random_orthogonal(count: int, size: int, seed: int) -> torch.Tensor:
    """(count, size, size), Haar distributed; the two components of O(n) alternate."""
    generator = torch.Generator().manual_seed(seed)
    q, r = torch.linalg.qr(torch.randn(count, size, size, dtype=torch.float64, generator=generator))
    q = q * r.diagonal(dim1=-2, dim2=-1).sign()[:, None, :]
    wanted = 1.0 - 2.0 * (torch.arange(count) % 2)
    q[:, 0] *= (wanted * torch.linalg.det(q).sign())[:, None]
    return q


def _spectral_starts(a, b, most=None):
    """(pair, form, n, n): align the eigenvectors of symmetric forms that follow their matrix through a rotation."""
    starts = []
    for form_a, form_b in list(zip(_symmetric_forms(a), _symmetric_forms(b), strict=True))[:most]:
        u, v = torch.linalg.eigh(form_a)[1], torch.linalg.eigh(form_b)[1]
        signs = _matching_signs((u.mT @ a @ u) * (v.mT @ b @ v))
        starts.append((u * signs[:, None, :]) @ v.mT)  # (pair, n, n)
    return torch.stack(starts, 1)


def _symmetric_forms(x):
    symmetric, skew = (x + x.mT) / 2, (x - x.mT) / 2
    commutator = symmetric @ skew - skew @ symmetric
    return symmetric, x @ x.mT, x.mT @ x, skew @ skew, symmetric + 2 * commutator


def _matching_signs(products):
    """(pair, n) signs s that make sᵀ W s large, W the products of corresponding entries in the two eigenbases."""
    weights = products + products.mT
    weights = weights - torch.diag_embed(weights.diagonal(dim1=-2, dim2=-1))
    leading = torch.linalg.eigh(weights)[1][..., -1]
    signs = torch.where(leading >= 0, 1.0, -1.0).to(weights)
    for _ in range(weights.shape[-1]):  # flip the most costly sign, once a round
        gain, index = (-signs * (weights @ signs[..., None])[..., 0]).max(1, keepdim=True)
        if not (gain > 0).any():
            break
        flipped = torch.where(gain > 0, -1.0, 1.0).to(weights) * signs.gather(1, index)
        signs = signs.scatter(1, index, flipped)
    return signs


# Lower bound -----------------------------------------------------------------------------------------------------


def _lower_bound(a, b):
    """(pair,) a number no ‖A − C B Cᵀ‖_F can fall below.

    With S, K the symmetric and skew parts, x = ‖S_A − C S_B Cᵀ‖² and y = ‖K_A − C K_B Cᵀ‖², d² = x + y. Hoffman and
    Wielandt (1953) bound x, y, and cos²θ x + sin²θ y (through the Hermitian cos θ S + i sin θ K) by sorted eigenvalues.
    Sorted singular values bound d (Mirsky 1960) for A − τI, B − τI with any τ, since C (B − τI) Cᵀ = C B Cᵀ − τI.
    """
    size = a.shape[-1]
    symmetric, skew = [(x + x.mT) / 2 for x in (a, b)], [(x - x.mT) / 2 for x in (a, b)]

    def spectral(theta):
        values = [
            torch.linalg.eigvalsh(torch.complex(math.cos(theta) * s, math.sin(theta) * k))
            for s, k in zip(symmetric, skew, strict=True)
        ]
        return (values[0] - values[1]).square().sum(1)

    x, y = spectral(0.0), spectral(math.pi / 2)
    best = x + y
    for theta in ANGLES:
        cosine, sine = math.cos(theta) ** 2, math.sin(theta) ** 2
        best = torch.maximum(best, x + y + (spectral(theta) - cosine * x - sine * y) / max(cosine, sine))
    scale = ((a.square() + b.square()).sum((1, 2)) / (2 * size)).sqrt()
    identity = torch.eye(size, dtype=a.dtype, device=a.device)
    for shift in SHIFTS:
        tau = (shift * scale)[:, None, None] * identity
        difference = torch.linalg.svdvals(a - tau) - torch.linalg.svdvals(b - tau)
        best = torch.maximum(best, difference.square().sum(1))
    return best.sqrt()


# Descent on O(n) -------------------------------------------------------------------------------------------------


def _descend(a, b, c, pull=None, *, tolerance, schedule, reflections=(), memory=4, check=10, longest=1.0):
    """L-BFGS for ½‖A − C B Cᵀ‖² from several starts a pair, all problems in one batch.

    a, b: (pair, n, n) of norm 1; c: (pair, start, n, n). pull: what `_Pull` says. schedule: iteration -> starts of a
    pair that live on after it, the last one ends the descent. Returns the transforms, the errors (infinite for starts
    given up) and the gradient norms, all (pair, start, …).

    A step is C → exp(Ω) C; gradients at different C are compared in the Lie algebra, where they live. A rejected step
    is shortened in the next iteration, so an iteration evaluates the objective once and no problem waits for another's
    line search. The steps, the changes of the gradient and the gradient itself lie in one array whose inner products
    are kept, so an iteration passes over it twice: for the direction, and to project the new gradient (Chen et al.
    2014).
    """
    pair, start, size, _ = c.shape
    machine = torch.finfo(c.dtype).eps
    result = c.flatten(0, 1).clone()  # problem = (pair, start)
    errors, gradients = c.new_full((pair * start,), math.inf), c.new_full((pair * start,), math.inf)
    live = torch.arange(pair * start, device=c.device)
    a, b, c = a.repeat_interleave(start, 0), b.repeat_interleave(start, 0), result
    pull = pull and pull.of(live // start)
    scaling = _scaling(a, pull)
    history = c.new_zeros(len(c), 2 * memory + 1, size * size)  # steps, gradient changes, gradient
    inner = c.new_zeros(len(c), 2 * memory + 1, 2 * memory + 1)  # history against itself
    curvature = c.new_zeros(len(c), memory)  # 1 / (step · change), 0 for an unusable slot
    gain, length = c.new_ones(len(c)), c.new_ones(len(c))
    half = scaling / 2
    error, gradient = _evaluated(a, b, c, half, pull)
    history[:, -1] = gradient.flatten(1)
    inner[:, -1, -1] = _dot(gradient, gradient)

    for iteration in range(max(schedule)):
        slot = iteration % memory
        weights = _two_loop(inner, curvature, gain, slot)  # (problem, 2 memory + 1)
        slope = (weights * inner[:, -1]).sum(1)
        uphill = (slope >= 0)[:, None]
        steepest = torch.zeros_like(weights)
        steepest[:, -1] = -gain
        weights = torch.where(uphill, steepest, weights)
        slope = torch.where(uphill[:, 0], -gain * inner[:, -1, -1], slope)
        direction = torch.bmm(weights[:, None], history).view_as(c)  # (problem, n, n), scaled coordinates
        omega = direction * scaling
        turned = torch.linalg.vector_norm(omega, dim=(1, 2)).clamp(min=machine)
        step = torch.minimum(length, longest / turned)
        if (step != 1).any():
            omega *= step[:, None, None]
        # exp(Ω) C ≈ (1 + Ω + Ω²/2 + Ω³/8) C is orthogonal up to ‖Ω‖⁶/64; without the last term up to ‖Ω‖⁴/4
        moved = torch.baddbmm(c, omega, c, alpha=0.25) if (step * turned).max() > SMALL_TURN else c
        moved = torch.baddbmm(c, omega, moved, alpha=0.5)
        moved = torch.baddbmm(c, omega, moved)
        if iteration % check == 0:
            moved = torch.baddbmm(moved, moved, torch.bmm(moved.mT, moved), beta=1.5, alpha=-0.5)
        moved_error, gradient = _evaluated(a, b, moved, half, pull)
        length = torch.ones_like(length)
        # The last terms forgive rounding: near a minimum the true decrease is smaller.
        rejected = moved_error > error + 1e-4 * step * slope + 4 * machine * (error.sqrt() + machine)
        refused = rejected.nonzero().flatten()
        if len(refused):
            excess = moved_error[refused] - error[refused] - slope[refused] * step[refused]
            best = -0.5 * slope[refused] * step[refused] / excess  # of the parabola, in units of the step tried
            length[refused] = step[refused] * best.clamp(0.1, 0.5)
            moved[refused], gradient[refused] = c[refused], history[refused, -1].view(-1, size, size)
            moved_error[refused], step[refused] = error[refused], 0
        c, error = moved, moved_error

        new, changed = history[:, slot], history[:, memory + slot]  # both are written to
        torch.mul(direction.flatten(1), step[:, None], out=new)
        torch.sub(gradient.flatten(1), history[:, -1], out=changed)
        history[:, -1] = gradient.flatten(1)
        # A row times a matrix: a batched matrix times a column takes ten times as long.
        projected = torch.bmm(history[:, -1:], history.mT)[:, 0]  # (problem, 2 memory + 1)
        with_step = step[:, None] * torch.bmm(weights[:, None], inner)[:, 0]
        with_change = projected - inner[:, -1]
        square = (step * (weights * with_step).sum(1)).clamp(min=0)
        product = projected[:, slot] - step * slope
        change = torch.linalg.vector_norm(changed, dim=1).square()
        for row, values, own in (
            (slot, with_step, square),
            (memory + slot, with_change, change),
            (-1, projected, None),
        ):
            inner[:, row], inner[:, :, row] = values, values
            if own is not None:
                inner[:, row, row] = own
        inner[:, slot, memory + slot] = inner[:, memory + slot, slot] = product
        usable = (product > 1e-6 * (change * square).sqrt()) & (change > torch.finfo(c.dtype).tiny)
        curvature[:, slot] = torch.where(usable, 1 / product, 0)
        gain = torch.where(usable, product / change, gain)

        done = iteration + 1
        if done % check == 0 or done in schedule:
            size_of_gradient = torch.linalg.vector_norm(gradient / scaling, dim=(1, 2))
            if done in reflections:
                other = _reflected(a, b, c)
                other_error, other_gradient = _evaluated(a, b, other, half, pull)
                jumped = (other_error < (1 - LEAST_GAIN) * error).nonzero().flatten()
                if len(jumped):
                    c[jumped], error[jumped] = other[jumped], other_error[jumped]
                    gradient[jumped] = other_gradient[jumped]
                    history[jumped], inner[jumped], curvature[jumped], gain[jumped] = 0, 0, 0, 1
                    history[jumped, -1] = gradient[jumped].flatten(1)
                    inner[jumped, -1, -1] = _dot(gradient[jumped], gradient[jumped])
                    length[jumped], size_of_gradient[jumped] = 1, math.inf
            result[live], errors[live], gradients[live] = c, error, size_of_gradient
            keep = size_of_gradient > tolerance
            if done in schedule and done < max(schedule):
                behind = _rank(errors.view(pair, start)).flatten()[live] >= schedule[done]
                errors[live[keep & behind]] = math.inf
                keep &= ~behind
            if done >= 40:  # a related pair: one start is at its minimum and the others are nowhere near
                best = errors.view(pair, start).amin(1)[live // start]
                far = error > HOPELESS * best
                errors[live[keep & far]] = math.inf
                keep &= ~far
            kept = keep.nonzero().flatten()
            if len(kept) == 0:
                break
            if len(kept) < 0.9 * len(live):
                live = live[kept]
                a, b, c, error, scaling, half = (x[kept] for x in (a, b, c, error, scaling, half))
                history, inner = history[kept], inner[kept]
                curvature, gain, length = curvature[kept], gain[kept], length[kept]
                pull = pull and pull.of(kept)
    shape = (pair, start)
    return result.view(*shape, size, size), errors.view(shape), gradients.view(shape)


def _reflected(a, b, c):
    """H C, with a reflection H = I − 2P (P a projector) that brings H C B Cᵀ H near A, from signs along one basis.

    Local minima of a pair differ mostly by such an H. Where M = C B Cᵀ is near H A H, the residual R = A − M maps the
    range of P and its complement onto each other, so R Rᵀ + Rᵀ R does not mix them and its eigenvectors span both.
    """
    m = torch.bmm(torch.bmm(c, b), c.mT)
    residual = a - m
    gram = torch.baddbmm(torch.bmm(residual, residual.mT), residual.mT, residual)
    basis = torch.linalg.eigh(gram)[1]
    signs = _matching_signs((basis.mT @ a @ basis) * (basis.mT @ m @ basis))
    return (basis * signs[:, None, :]) @ (basis.mT @ c)


def _evaluated(a, b, c, half_scaling, pull):
    """Error (problem,) and scaled gradient (problem, n, n) at C, from the residual R: with M = A − R,
    skew(MᵀA − AMᵀ) = skew(ARᵀ − RᵀA), and what it loses to rounding vanishes with R."""
    residual = torch.baddbmm(a, torch.bmm(c, b), c.mT, alpha=-1)
    error = torch.linalg.vector_norm(residual, dim=(1, 2)).square() / 2
    x = torch.baddbmm(torch.bmm(a, residual.mT), residual.mT, a, alpha=-1)
    if pull is not None:
        error = error + pull.error(c)
        x = torch.baddbmm(x, pull.towards, c.mT, alpha=-1)
    return error, (x - x.mT).mul_(half_scaling)


def _refine(a, b, c, pull=None, *, tolerance, outer=12, inner=120):
    """Newton–CG for ½‖A − C B Cᵀ‖²: double-precision gradients, single-precision products.

    a, b, c: (problem, n, n), a and b of norm 1, c nearly a minimiser. Returns transforms, errors and gradient norms.
    Conjugate gradients stop at negative curvature (Steihaug 1983); their accuracy follows the gradient, which makes the
    outer iteration superlinear. The double-precision gradient corrects whatever the single-precision products miss.
    """
    c = _polar(c)
    result, errors, gradients = c.clone(), c.new_zeros(len(c)), c.new_zeros(len(c))
    live = torch.arange(len(c), device=c.device)
    scaling = _scaling(a, pull)
    for _ in range(outer):
        m = c @ b @ c.mT  # (problem, n, n)
        error, gradient = _dot(a - m, a - m) / 2, _gradient(a, m)
        turn = gradient
        if pull is not None:
            along = pull.towards @ c.mT
            error, gradient = error + pull.error(c), gradient - (along - along.mT) / 2
            turn = gradient - along.mT
        norm = _dot(gradient, gradient).sqrt()
        result[live], errors[live], gradients[live] = c, error, norm
        kept = (norm > tolerance).nonzero().flatten()
        if len(kept) == 0:
            break
        live, a, b, c, m, error, gradient, turn, norm, scaling = (
            x[kept] for x in (live, a, b, c, m, error, gradient, turn, norm, scaling)
        )
        pull = pull and pull.of(kept)
        omega = _newton_direction(
            *(x.to(SCREENING) for x in (a, m, turn, gradient / norm[:, None, None], norm, scaling)), inner
        )
        omega = omega.double() * norm[:, None, None]
        slope = _dot(omega, gradient)
        step = (0.5 / _dot(omega, omega).sqrt()).clamp(max=1)
        c, moved = _turned(c, omega * step[:, None, None]), c
        for _ in range(8):
            residual = a - c @ b @ c.mT
            reached = _dot(residual, residual) / 2 + (0 if pull is None else pull.error(c))
            refused = (reached > error + 1e-4 * step * slope + 4e-16 * (error.abs().sqrt() + 1)).nonzero().flatten()
            if len(refused) == 0:
                break
            step[refused] /= 4
            c[refused] = _turned(moved[refused], omega[refused] * step[refused, None, None])
        c[refused] = moved[refused]
    return result, errors, gradients


def _turned(c, omega):
    """exp(Ω) C to second order, then back onto O(n)."""
    first = omega @ c
    return _polar(c + first + omega @ first / 2)


def _newton_direction(a, m, turn, gradient, norm, scaling, iterations):
    """(problem, n, n) Ω with H Ω ≈ −gradient, by conjugate gradients in scaled coordinates, `gradient` of norm 1."""
    goal = norm.sqrt().clamp(1e-3, 0.1)  # relative residual
    residual = -gradient * scaling
    search, solution = residual.clone(), torch.zeros_like(residual)
    size = _dot(residual, residual)
    goal = goal.square() * size
    result = solution.clone()
    live = torch.arange(len(a), device=a.device)
    for iteration in range(iterations):
        product = _hessian(a, m, turn, search * scaling) * scaling
        bend = _dot(search, product)
        concave = bend <= 1e-7 * _dot(search, search)
        if iteration == 0:  # nothing better than the gradient yet
            solution = torch.where(concave[:, None, None], search, solution)
        alpha = torch.where(concave, 0, size / bend)
        solution += alpha[:, None, None] * search
        residual -= alpha[:, None, None] * product
        fresh = _dot(residual, residual)
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


def _hessian(a, m, turn, omega):
    """(problem, n, n) H Ω, the second derivative along exp(Ω) C.

    Without inputs ⟨Ω, H Ω⟩ = ⟨[Ω, A], [Ω, M]⟩ and `turn` is the gradient; −⟨C, L⟩ adds −⟨Ω², L Cᵀ⟩, and `turn` is then
    the whole gradient less C Lᵀ.
    """
    x = torch.baddbmm(omega @ m, m, omega, alpha=-1)
    x = torch.baddbmm(x @ a.mT, a.mT, x, alpha=-1)
    x = torch.baddbmm(x, omega, turn, alpha=-1)
    return (x - x.mT) / 2


def _rank(errors):
    """(pair, start) rank of each start among those of its pair, 0 the best."""
    return errors.argsort(dim=1, stable=True).argsort(dim=1, stable=True)


def _two_loop(inner, curvature, gain, slot):
    """(problem, 2 memory + 1) weights of steps, changes and gradient in the L-BFGS direction, from inner products.

    `slot` is the one to be overwritten next, so the oldest. With q = g + Σ w_j y_j in the first loop and
    r = gain q + Σ v_j s_j in the second (Nocedal & Wright 2006, algorithm 7.4), only s·q and y·r are needed.
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


def _polar(c):
    """Nearest orthogonal matrices of nearly orthogonal ones, by Newton–Schulz steps."""
    for _ in range(3):
        c = 1.5 * c - 0.5 * c @ (c.mT @ c)
    return c


def _gradient(a, m):
    """(…, n, n) skew-symmetric Riemannian gradient of ½‖A − M‖² along M → exp(Ω) M exp(−Ω)."""
    x = torch.baddbmm(m.mT @ a, a, m.mT, alpha=-1)
    return (x - x.mT) / 2


def _scaling(a, pull=None, floor=0.01):
    """(problem, n, n) reciprocal root of the Gauss–Newton Hessian's diagonal, ‖[Ω, A]‖² with Ω = e_i e_jᵀ − e_j e_iᵀ.

    Small eigenvalue gaps make the problem stiff: without this scaling slow, near-symmetric operators need four times
    the steps.
    """
    square, diagonal = a * a, a.diagonal(dim1=-2, dim2=-1)
    norms = square.sum(-1) + square.sum(-2)
    curvature = norms[:, :, None] + norms[:, None, :] - 4 * (diagonal[:, :, None] * diagonal[:, None, :] - a * a.mT)
    if pull is not None:
        stiffness = pull.stiffness()
        curvature = curvature + stiffness[:, :, None] + stiffness[:, None, :]
    mean = curvature.mean((1, 2), keepdim=True)
    return (curvature + floor * mean + torch.finfo(a.dtype).tiny).rsqrt()


def _dot(x, y):
    return (x * y).sum((-2, -1))
