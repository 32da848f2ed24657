"""Distance between two recurrent networks up to a relabelling (and sign flip) of their units.

With Q = Pᵀ, ‖W₁ − PᵀW₂P‖² + ‖F₁ − PᵀF₂‖² = constants − 2·overlap(Q), where

    overlap(Q) = ⟨W₁, Q W₂ Qᵀ⟩ + ⟨Q, F₁F₂ᵀ⟩,    gradient(Q) = W₁QW₂ᵀ + W₁ᵀQW₂ + F₁F₂ᵀ.

This quadratic assignment problem is NP-hard, so the distance is an upper bound and comes with a proven lower bound.
A start goes through three stages: an annealed relaxation finds a good basin, Frank–Wolfe with exact line search takes
it to a vertex of the polytope, and 2-opt makes that a local minimum over all swaps (and all sign flips) of units.

Arrays inside kernels belong to one pair: a, b (unit, unit) are the recurrent weights of network 1 and 2,
linear (unit, unit) = F₁F₂ᵀ, p (unit,) and s (unit,) the matching: Q[i, p[i]] = s[i].
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

HOT, WARM, COLD = 0.8, 0.4, 0.1  # annealing temperatures, in SDs of a gradient entry at a random vertex
STEPS, REHEAT_STEPS, SWEEPS = 30, 20, 8  # annealing steps of a start and of a reheat; Sinkhorn sweeps a step
REHEATS = 2  # of the best minimum, while they improve it
FW_STEPS, FW_GAIN = 40, 3e-3  # Frank–Wolfe: most steps, and the relative gain below which it stops
AGREEMENT = 1e-10  # two starts whose distances differ by less, relative to the norms, found the same minimum
FEW_UNITS, MORE_STARTS = 40, 4  # up to so many units starts are cheap and may agree by chance: so many more
MOVES = 100  # of 2-opt a unit, at most; it takes about one
LEAST_GAIN = 1e-13  # of a 2-opt move, where overlaps are at most 1: above rounding
EPS = np.finfo(np.float64).eps


@dataclass(frozen=True)
class Matching:
    """The best matching found for each pair: W₁[i, j] ≈ signs[i] signs[j] W₂[permutation[i], permutation[j]].

    distance (pair,): the value at the matching, evaluated in float64; an upper bound of the minimum.
    lower_bound (pair,): proven; no matching is closer.
    permutation (pair, unit): the unit of network 2 that plays unit i of network 1.
    signs (pair, unit): ±1; all +1 unless signed.
    spread (pair,): the largest minus the smallest distance among the local minima that the starts reached.
    """

    distance: np.ndarray
    lower_bound: np.ndarray
    permutation: np.ndarray
    signs: np.ndarray
    spread: np.ndarray

    def measures(self, **scales) -> dict[str, np.ndarray]:
        """What a metric says of it: the distance, also over each named scale (pair,), their bounds, and the spread."""
        found = {"distance": self.distance, "lower_bound": self.lower_bound, "spread": self.spread}
        for name, scale in scales.items():
            found |= {name: self.distance / scale, f"{name}_lower_bound": self.lower_bound / scale}
        return found

    @property
    def transform(self) -> np.ndarray:
        """The matrices P (pair, unit, unit) with W₁ ≈ PᵀW₂P and F₁ ≈ PᵀF₂."""
        pairs, units = self.permutation.shape
        matrices = np.zeros((pairs, units, units))
        matrices[np.arange(pairs)[:, None], self.permutation, np.arange(units)] = self.signs
        return matrices


def matching_distance(w1, w2, signed=False, *, starts=2, extra_starts=None, seed=0) -> Matching:
    """Distance between recurrent weights up to a relabelling of units: min over P of ‖W₁ − PᵀW₂P‖_F.

    w1, w2: (pair, unit, unit), or (unit, unit) for one pair; arrays or tensors; the distance has their unit.
    signed: P is a signed permutation (entries −1, 0, 1), the symmetry of a tanh network, else a permutation.
    starts: number of annealed starts a pair; fewer are used once two agree or the lower bound is met.
    extra_starts: matchings (pair, unit) or (pair, start, unit) to refine as well, say from the units' activity.
    seed: of the annealed starts; every pair uses the same, so a result does not depend on its batch.

    Raises ValueError for shapes that do not match, entries that are not finite (naming the pair), no starts, and
    extra starts that are not permutations.
    Source: the quadratic assignment form is Vogelstein et al. 2015, eq. 5 (Frank–Wolfe, FAQ); the annealing is that of
    Gold & Rangarajan 1996 (softassign). We begin Frank–Wolfe from the annealed matrix rather than the barycentre,
    which for weights of mean zero is a poor start, and end with 2-opt.
    """
    w1, w2 = _batch(w1, "w1"), _batch(w2, "w2")
    none1, none2 = np.zeros((*w1.shape[:2], 0)), np.zeros((*w2.shape[:2], 0))
    return joint_matching_distance(w1, none1, w2, none2, signed, starts=starts, extra_starts=extra_starts, seed=seed)


def joint_matching_distance(
    w1, features1, w2, features2, signed=False, *, starts=2, extra_starts=None, seed=0
) -> Matching:
    """Distance between whole networks: min over P of √(‖W₁ − PᵀW₂P‖² + ‖F₁ − PᵀF₂‖²).

    features1, features2: (pair, unit, feature), or (unit, feature) for one pair: everything else a unit owns, its rows
    of the input weights and bias and its column of the readout, side by side, relabelled (and flipped) with the unit.
    All other arguments, errors and sources are those of `matching_distance`, the case of no features.
    """
    w1, w2 = _batch(w1, "w1"), _batch(w2, "w2")
    features1, features2 = _batch(features1, "features1"), _batch(features2, "features2")
    _check(w1, features1, w2, features2)
    if starts < 1:
        raise ValueError(f"starts is {starts}; at least 1 is needed")
    extra_starts = _check_extra_starts(extra_starts, *w1.shape[:2])
    results = [
        _match_in_canonical_order(*pair, signed, starts, seed)
        for pair in zip(w1, features1, w2, features2, extra_starts, strict=True)
    ]
    distance, lower_bound, permutation, signs, spread = (np.array(column) for column in zip(*results, strict=True))
    return Matching(distance, lower_bound, permutation, signs, spread)


# --- input ------------------------------------------------------------------------------------------------------------


def _batch(values, name):
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    values = np.asarray(values, dtype=np.float64)
    if values.ndim not in (2, 3):
        raise ValueError(f"{name} has shape {values.shape}; (pair, unit, …) or (unit, …) with one more axis is needed")
    return values if values.ndim == 3 else values[None]


def _check(w1, features1, w2, features2):
    for name, weights in (("w1", w1), ("w2", w2)):
        if weights.shape[1] != weights.shape[2] or weights.shape[1] == 0:
            raise ValueError(f"{name} has shape {weights.shape}; (pair, unit, unit) with at least one unit is needed")
    if w1.shape != w2.shape or len(w1) == 0:
        raise ValueError(f"w1 has shape {w1.shape} and w2 {w2.shape}; they must be the same, with at least one pair")
    if features1.shape != features2.shape or features1.shape[:2] != w1.shape[:2]:
        raise ValueError(
            f"features1 has shape {features1.shape} and features2 {features2.shape}; "
            f"both must be (pair, unit, feature) with {w1.shape[0]} pairs and {w1.shape[1]} units"
        )
    for name, values in (("w1", w1), ("features1", features1), ("w2", w2), ("features2", features2)):
        finite = np.isfinite(values).all((1, 2))  # (pair,)
        if not finite.all():
            raise ValueError(f"{name} of pair {int(np.argmin(finite))} has entries that are not finite")


def _check_extra_starts(extra_starts, pairs, units):
    if extra_starts is None:
        return np.zeros((pairs, 0, units), dtype=int)
    extra_starts = np.asarray(extra_starts)
    if extra_starts.ndim < 3:
        extra_starts = extra_starts.reshape(-1, 1, extra_starts.shape[-1])
    allowed = f"(pair, unit) or (pair, start, unit) permutations of {units} units for {pairs} pairs are needed"
    if extra_starts.ndim != 3 or (len(extra_starts), extra_starts.shape[-1]) != (pairs, units):
        raise ValueError(f"extra_starts has shape {extra_starts.shape}; {allowed}")
    if not (np.sort(extra_starts, -1) == np.arange(units)).all():
        raise ValueError(f"extra_starts holds rows that are not permutations; {allowed}")
    return extra_starts.astype(int)


# --- one pair ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Problem:
    """One pair, scaled so that no overlap exceeds 1."""

    a: np.ndarray  # (unit, unit)
    b: np.ndarray  # (unit, unit)
    linear: np.ndarray  # (unit, unit)
    signed: bool


def _match_in_canonical_order(w1, f1, w2, f2, extra, signed, starts, seed):
    """Match so that exchanging the two networks changes nothing: the network that sorts first goes first."""
    difference = np.concatenate([(w1 - w2).ravel(), (f1 - f2).ravel()])
    exchanged = difference[np.argmax(difference != 0)] > 0
    if exchanged:
        w1, f1, w2, f2, extra = w2, f2, w1, f1, np.argsort(extra, axis=-1)
    distance, bound, p, s, spread = _match(w1, f1, w2, f2, extra, signed, starts, seed)
    if exchanged:
        p = np.argsort(p)
        s = s[p]
    return distance, bound, p, s, spread


def _match(w1, f1, w2, f2, extra, signed, starts, seed):
    """Distance, lower bound, permutation, signs and spread of one pair."""
    units, rng = len(w1), np.random.default_rng(seed)
    bound = _lower_bound(w1, f1, w2, f2, signed)
    norms = [np.sqrt(np.sum(w**2) + np.sum(f**2)) or 1.0 for w, f in ((w1, f1), (w2, f2))]
    problem = _Problem(w1 / norms[0], w2 / norms[1], f1 @ f2.T / (norms[0] * norms[1]), signed)

    def minimum(vertex):
        p, s = _two_opt(problem, *vertex)
        return _distance(w1, f1, w2, f2, p, s), p, s

    def descended(q):
        return minimum(_frank_wolfe(problem, q))

    minima = []
    for p in extra:
        s = _best_signs(problem, p)
        minima.append(min(descended(_matrix(p, s)), minimum((p, s)), key=_first))
    certified = agreed = False
    for start in range(starts + MORE_STARTS * (units <= FEW_UNITS)):
        minima.append(descended(_blind_start(problem, rng) if start == 0 else _random_start(problem, rng)))
        distances = np.array([distance for distance, *_ in minima])
        certified = distances.min() <= bound
        agreed = units > FEW_UNITS and np.sum(distances - distances.min() <= AGREEMENT * sum(norms)) > 1
        if certified or agreed:
            break
    # Networks that share an ancestor have their units in order already.
    identity = np.arange(units), np.ones(units)
    if _distance(w1, f1, w2, f2, *identity) < distances.min():
        minima.append(minimum(identity))
    best = min(minima, key=_first)
    for _ in range(0 if certified or agreed else REHEATS):
        reheated = descended(_anneal(problem, _matrix(*best[1:]), WARM, REHEAT_STEPS))
        if reheated[0] >= best[0]:
            break
        best = reheated
    spread = 0.0 if certified else max(minima, key=_first)[0] - min(minima, key=_first)[0]
    return best[0], bound, best[1], best[2], spread


def _first(items):
    return items[0]


def _matrix(p, s):
    q = np.zeros((len(p), len(p)))
    q[np.arange(len(p)), p] = s
    return q


def _distance(w1, f1, w2, f2, p, s):
    w_gap = w1 - np.outer(s, s) * w2[np.ix_(p, p)]  # (unit, unit)
    f_gap = f1 - s[:, None] * f2[p]  # (unit, feature)
    return float(np.sqrt(np.sum(w_gap**2) + np.sum(f_gap**2)))


def _overlap(problem, p, s):
    moved = np.outer(s, s) * problem.b[np.ix_(p, p)]  # (unit, unit)
    return float(np.vdot(problem.a, moved) + s @ problem.linear[np.arange(len(p)), p])


# --- starts -----------------------------------------------------------------------------------------------------------


def _blind_start(problem, rng):
    """Annealed from the centre of the polytope.

    When signed the centre is Q = 0, where weights without structure say nothing of the signs. So the entries'
    magnitudes, which signs leave alone, are matched first, and the signs that suit that permutation follow.
    """
    units = len(problem.a)
    noise = 1e-3 * rng.standard_normal((units, units))  # leaves stationary points
    if not problem.signed:
        return _anneal(problem, 1 / units + noise, HOT, STEPS)
    a, b = (np.abs(matrix) - np.abs(matrix).mean() for matrix in (problem.a, problem.b))
    magnitudes = _Problem(a, b, np.abs(problem.linear), False)
    p, _ = _frank_wolfe(magnitudes, _anneal(magnitudes, 1 / units + noise, HOT, STEPS))
    return _matrix(p, _best_signs(problem, p))


def _random_start(problem, rng):
    """Annealed from a random vertex, at a temperature that does not forget it."""
    return _anneal(problem, _matrix(*_random_vertex(problem, rng)), WARM, STEPS)


def _random_vertex(problem, rng):
    units = len(problem.a)
    return rng.permutation(units), rng.choice([-1.0, 1.0], units) if problem.signed else np.ones(units)


def _best_signs(problem, p):
    """Good signs for a permutation: those of the leading eigenvector of C, or of F₁(PᵀF₂)ᵀ, by sᵀCs + features."""
    if not problem.signed:
        return np.ones(len(p))
    agreement = problem.a * problem.b[np.ix_(p, p)]  # (unit, unit)
    leading = np.linalg.eigh(agreement + agreement.T)[1][:, -1]  # (unit,)
    owned = problem.linear[np.arange(len(p)), p]  # (unit,)
    candidates = [np.where(v < 0, -1.0, 1.0) for v in (leading, -leading, owned)]
    return max(candidates, key=lambda s: _overlap(problem, p, s))


# --- the three stages -------------------------------------------------------------------------------------------------


def _assign(scores, signed):
    """The vertex with the largest ⟨Q, scores⟩: an assignment on |scores| with their signs when signed."""
    p = linear_sum_assignment(np.abs(scores) if signed else scores, maximize=True)[1]
    s = np.where(signed & (scores[np.arange(len(p)), p] < 0), -1.0, 1.0).astype(scores.dtype)
    return p, s


def _anneal(problem, q, hot, steps):
    """A soft matching by mean-field annealing from Q.

    Each step takes the entropic maximiser of ⟨Q, gradient⟩ at a falling temperature, averaged with the last Q because
    the overlap is indefinite and the undamped iteration flips between two matrices. Row and column sums of |Q| tend
    to 1. When signed, an entry has two states ±1: its weight is cosh and its mean tanh of gradient / temperature.
    """
    a, b, linear, signed, units = problem.a, problem.b, problem.linear, problem.signed, len(problem.a)
    scale = np.sqrt(2 * units) * np.linalg.norm(a) * np.linalg.norm(b) / units**2 + np.linalg.norm(linear) / units
    scale = scale or 1.0  # SD of a gradient entry at a random vertex
    left = np.concatenate([a, a.T]).astype(np.float32)  # (2 unit, unit)
    right = (np.concatenate([b.T, b]) / scale).astype(np.float32)  # (2 unit, unit)
    linear, q = (linear / scale).astype(np.float32), q.astype(np.float32)
    moved = np.empty((units, 2 * units), np.float32)
    tiny = np.float32(1e-30)
    for temperature in np.geomspace(hot, COLD, steps, dtype=np.float32):
        product = left @ q  # (2 unit, unit)
        moved[:, :units], moved[:, units:] = product[:units], product[units:]
        field = moved @ right  # (unit, unit)
        field += linear
        field /= temperature
        size = np.abs(field) if signed else field
        weight = np.exp(size - size.max(1, keepdims=True))  # (unit, unit)
        if signed:
            weight *= 1 + np.exp(-2 * size)
        columns = np.ones(units, np.float32)
        for _ in range(SWEEPS):
            rows = 1 / (weight @ columns + tiny)  # (unit,)
            columns = 1 / (rows @ weight + tiny)  # (unit,)
        weight *= rows[:, None]
        weight *= columns
        if signed:
            weight *= np.tanh(field)
        q += weight
        q *= np.float32(0.5)
    return q.astype(np.float64)


def _frank_wolfe(problem, q):
    """The vertex (p, s) that Frank–Wolfe with exact line search reaches from Q."""
    # Single precision: the step only has to point the way, and 2-opt finishes in double.
    a, b, linear, q = (matrix.astype(np.float32) for matrix in (problem.a, problem.b, problem.linear, q))
    rows = np.arange(len(a))
    pull = a @ q @ b.T + a.T @ q @ b  # (unit, unit) the gradient's quadratic part; overlap = ⟨Q, pull / 2 + linear⟩
    value = np.vdot(q, pull) / 2 + np.vdot(q, linear)
    for _ in range(FW_STEPS):
        p, s = _assign(pull + linear, problem.signed)
        vertex_pull = a @ (s[:, None] * b.T[p]) + a.T @ (s[:, None] * b[p])  # (unit, unit)
        at_q, across, at_vertex = np.vdot(q, pull), np.vdot(q, vertex_pull), s @ vertex_pull[rows, p]
        slope = across - at_q + s @ linear[rows, p] - np.vdot(q, linear)
        if slope <= 0:
            break
        curvature = at_vertex - 2 * across + at_q
        step = min(1.0, -slope / curvature) if curvature < 0 else 1.0
        q *= 1 - step
        q[rows, p] += step * s
        pull *= 1 - step
        pull += step * vertex_pull
        gain = step * slope + step**2 * curvature / 2
        value += gain
        if gain <= FW_GAIN * abs(value):
            break
    return _assign(q, problem.signed)


def _two_opt(problem, p, s):
    """The local maximum of the overlap over swaps (signed: also swaps with a flip of both, and flips), best move first.

    Every move is a reflection H = I − uuᵀ of units: u = e_r − e_t for a swap, e_r + e_t for a swap with both flipped,
    √2 e_r for a flip. With B = QW₂Qᵀ and M = W₁Bᵀ + W₁ᵀB + F₁(QF₂)ᵀ, it changes the overlap by −uᵀMu + (uᵀW₁u)(uᵀBu)
    and M becomes (M − (W₁u)(Bu)ᵀ − (W₁ᵀu)(Bᵀu)ᵀ)H: all moves cost O(n²) together.
    """
    a, p, s = problem.a, p.copy(), s.astype(np.float64)
    b = np.outer(s, s) * problem.b[np.ix_(p, p)]  # (unit, unit)
    pull = a @ b.T + a.T @ b + problem.linear[:, p] * s  # (unit, unit) M
    for _ in range(MOVES * len(a)):
        gains = _move_gains(a, b, pull, problem.signed)
        kind = int(np.argmax([gain.max() for gain in gains]))
        r, t = divmod(int(gains[kind].argmax()), len(a))
        if gains[kind][r, t] <= LEAST_GAIN:
            break
        sign = (1.0, -1.0)[kind]
        au, bu = _along(a, r, t, sign), _along(b, r, t, sign)  # (unit, 2): of the matrix and of its transpose
        pull -= au @ bu.T
        _reflect(pull, r, t, sign)
        _reflect(b, r, t, sign)
        _reflect(b.T, r, t, sign)
        p[[r, t]] = p[[t, r]]
        s[[r, t]] = sign * s[[t, r]]
    return p, s


def _move_gains(a, b, pull, signed):
    """Change of the overlap for all swaps (unit, unit) and, when signed, all flipping swaps (diagonal: flips)."""
    own = pull.diagonal()
    both, cross = own[:, None] + own, pull + pull.T  # (unit, unit)
    (a_same, a_cross), (b_same, b_cross) = _quadratic_forms(a), _quadratic_forms(b)
    swaps = cross - both + (a_same - a_cross) * (b_same - b_cross)  # (unit, unit)
    if not signed:
        return (swaps,)
    flips = -cross - both + (a_same + a_cross) * (b_same + b_cross)  # (unit, unit)
    np.fill_diagonal(flips, 4 * a.diagonal() * b.diagonal() - 2 * own)
    return swaps, flips


def _quadratic_forms(matrix):
    """The two parts (unit, unit) of uᵀ·matrix·u for u = e_r ∓ e_t: first minus or plus second."""
    diagonal = matrix.diagonal()
    return diagonal[:, None] + diagonal, matrix + matrix.T


def _along(matrix, r, t, sign):
    """The products (unit, 2) of a matrix and of its transpose with the move's vector u."""
    if r == t:
        return np.sqrt(2) * np.stack([matrix[:, r], matrix[r]], 1)
    return np.stack([matrix[:, r] - sign * matrix[:, t], matrix[r] - sign * matrix[t]], 1)


def _reflect(matrix, r, t, sign):
    """Apply the move to the columns of a matrix, in place."""
    matrix[:, [r, t]] = sign * matrix[:, [t, r]]


# --- the lower bound --------------------------------------------------------------------------------------------------


def _lower_bound(w1, f1, w2, f2, signed):
    """The better of two proven bounds on the distance.

    Spectral: P is orthogonal, so the symmetric and the skew part add, each at least the distance of its sorted
    eigenvalues (Hoffman & Wielandt 1953), and together at least that of the sorted singular values (Mirsky 1960).
    A permutation keeps the vector of ones besides, so the mean and the row and column means split off exactly and the
    bound holds for the centred rest (Hadley, Rendl & Wolkowicz 1992).
    Profiles (Gilmore 1962, Lawler 1963): unit i matched to j costs at least the distance of their sorted rows and
    columns. An allowance for rounding is taken off both.
    """
    units = len(w1)
    profiles = _assignment_value(_own_costs(f1, f2, signed) + _profile_costs(w1, w2, signed))
    if signed:
        spectral = _assignment_value(_own_costs(f1, f2, signed)) + _spectral_bound(w1, w2)
    else:
        (mean1, sums1, rest1), (mean2, sums2, rest2) = _centre(w1), _centre(w2)
        split = _own_costs(np.hstack([sums1, f1]), np.hstack([sums2, f2]), signed)  # (unit, unit)
        spectral = (mean1 - mean2) ** 2 + _assignment_value(split) + _spectral_bound(rest1, rest2)
    rounding = 8 * units * EPS * (np.sum(w1**2) + np.sum(w2**2) + np.sum(f1**2) + np.sum(f2**2))
    return float(np.sqrt(max(0.0, profiles - rounding, spectral - rounding)))


def _assignment_value(costs):
    return costs[linear_sum_assignment(costs)].sum()


def _centre(w):
    """Mean, deviations (unit, 2) of row and column sums, and remainder (unit, unit), an orthogonal split of ‖W‖²."""
    units = len(w)
    rows, columns, mean = w.mean(1), w.mean(0), w.mean()
    rest = w - rows[:, None] - columns + mean
    return units * mean, np.sqrt(units) * np.stack([rows - mean, columns - mean], 1), rest


def _spectral_bound(w1, w2):
    def spectra(w):
        return np.linalg.eigvalsh((w + w.T) / 2), *(
            np.linalg.svd(part, compute_uv=False) for part in ((w - w.T) / 2, w)
        )

    symmetric, skew, singular = (np.sum((x - y) ** 2) for x, y in zip(spectra(w1), spectra(w2), strict=True))
    return max(symmetric + skew, singular)


def _own_costs(f1, f2, signed):
    """‖F₁ᵢ − F₂ⱼ‖² (unit, unit), with the better sign of F₂ⱼ when signed."""
    product = f1 @ f2.T
    product = np.abs(product) if signed else product
    return np.sum(f1**2, 1)[:, None] + np.sum(f2**2, 1) - 2 * product


def _profile_costs(w1, w2, signed):
    """(W₁ᵢᵢ − W₂ⱼⱼ)² + half the squared distances of the sorted other entries of rows and columns (unit, unit)."""

    def profiles(w):
        others = w[~np.eye(len(w), dtype=bool)].reshape(len(w), -1)  # (unit, unit − 1)
        return np.sort(np.abs(others) if signed else others, 1) / np.sqrt(2)

    between = (w1.diagonal()[:, None] - w2.diagonal()) ** 2
    rows = _own_costs(profiles(w1), profiles(w2), False)
    return between + rows + _own_costs(profiles(w1.T), profiles(w2.T), False)
