"""The three stages that a start goes through, and the starts.

Mean-field annealing of a relaxed matching reaches a good basin. Frank–Wolfe with exact line search takes it to a vertex
of the polytope. 2-opt makes that a local minimum over all swaps, and when signed over all flips, of units.
"""

import numpy as np

from degeneracy.solvers.permutation.problem import Problem, best_signs, best_vertex, vertex_matrix

HOT, WARM, COLD = 0.8, 0.4, 0.1  # annealing temperatures, in SDs of a gradient entry at a random vertex
STEPS, REHEAT_STEPS, SWEEPS = 30, 20, 8  # annealing steps of a start and of a reheat; Sinkhorn sweeps a step
FW_STEPS, FW_GAIN = 40, 3e-3  # Frank–Wolfe: most steps, and the relative gain below which it stops
MOVES = 100  # of 2-opt, at most, per unit; about one is needed
LEAST_GAIN = 1e-13  # of a 2-opt move, where overlaps are at most 1: above rounding


def blind_start(problem, rng):
    """A soft matching (unit, unit) annealed from the centre of the polytope.

    When signed, the centre is Q = 0, where weights without structure say nothing about the signs. So we first match the
    magnitudes of the entries, which do not depend on signs, and then take the signs that suit this permutation.
    """
    units = len(problem.a)
    noise = 1e-3 * rng.standard_normal((units, units))  # leaves stationary points
    if not problem.signed:
        return _anneal(problem, 1 / units + noise, HOT, STEPS)
    a, b = (np.abs(matrix) - np.abs(matrix).mean() for matrix in (problem.a, problem.b))
    magnitudes = Problem(a, b, np.abs(problem.linear), False)
    p, _ = frank_wolfe(magnitudes, _anneal(magnitudes, 1 / units + noise, HOT, STEPS))
    return vertex_matrix(p, best_signs(problem, p))


def random_start(problem, rng):
    """A soft matching (unit, unit) annealed from a random vertex, at a temperature that does not forget the vertex."""
    units = len(problem.a)
    p = rng.permutation(units)
    s = rng.choice([-1.0, 1.0], units) if problem.signed else np.ones(units)
    return _anneal(problem, vertex_matrix(p, s), WARM, STEPS)


def reheated(problem, p, s):
    """A soft matching (unit, unit) annealed from a minimum, at a temperature that does not forget it."""
    return _anneal(problem, vertex_matrix(p, s), WARM, REHEAT_STEPS)


def _anneal(problem, q, hot, steps):
    """A soft matching (unit, unit) by mean-field annealing from Q (Gold & Rangarajan 1996, softassign).

    Each step takes the entropic maximiser of ⟨Q, gradient⟩ at a falling temperature and averages it with the last Q,
    because the overlap is indefinite and the iteration without damping flips between two matrices. Row and column sums
    of |Q| tend to 1. When signed, an entry has two states ±1: its weight is the cosh and its mean the tanh of
    gradient / temperature.
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


def frank_wolfe(problem, q):
    """The vertex (p, s) that Frank–Wolfe with exact line search reaches from Q (Vogelstein et al. 2015)."""
    # Single precision is enough, because 2-opt finishes in double precision.
    a, b, linear, q = (matrix.astype(np.float32) for matrix in (problem.a, problem.b, problem.linear, q))
    rows = np.arange(len(a))
    pull = a @ q @ b.T + a.T @ q @ b  # (unit, unit) the gradient's quadratic part; overlap = ⟨Q, pull / 2 + linear⟩
    value = np.vdot(q, pull) / 2 + np.vdot(q, linear)
    for _ in range(FW_STEPS):
        p, s = best_vertex(pull + linear, problem.signed)
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
    return best_vertex(q, problem.signed)


def two_opt(problem, p, s):
    """The local maximum (p, s) of the overlap that taking the best move again and again reaches.

    The moves are the swaps of two units; when signed, also the swaps that flip both, and the flips. Every move is a
    reflection H = I − uuᵀ of units: u = e_r − e_t for a swap, e_r + e_t for a swap that flips, √2 e_r for a flip. With
    B = QW₂Qᵀ and M = W₁Bᵀ + W₁ᵀB + F₁(QF₂)ᵀ, it changes the overlap by −uᵀMu + (uᵀW₁u)(uᵀBu), and M becomes
    (M − (W₁u)(Bu)ᵀ − (W₁ᵀu)(Bᵀu)ᵀ)H. So all moves together cost O(n²).
    """
    a, p, s = problem.a, p.copy(), s.astype(np.float64)
    b = np.outer(s, s) * problem.b[np.ix_(p, p)]  # (unit, unit)
    pull = a @ b.T + a.T @ b + problem.linear[:, p] * s  # (unit, unit) M
    for _ in range(MOVES * len(a)):
        gains = move_gains(a, b, pull, problem.signed)
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


def move_gains(a, b, pull, signed):
    """Change of the overlap (unit, unit) for all swaps and, when signed, for all swaps that flip (diagonal: flips)."""
    diagonal = pull.diagonal()
    both, cross = diagonal[:, None] + diagonal, pull + pull.T  # (unit, unit)
    (a_same, a_cross), (b_same, b_cross) = _quadratic_forms(a), _quadratic_forms(b)
    swaps = cross - both + (a_same - a_cross) * (b_same - b_cross)  # (unit, unit)
    if not signed:
        return (swaps,)
    flips = -cross - both + (a_same + a_cross) * (b_same + b_cross)  # (unit, unit)
    np.fill_diagonal(flips, 4 * a.diagonal() * b.diagonal() - 2 * diagonal)
    return swaps, flips


def _quadratic_forms(matrix):
    """The two parts (unit, unit) of uᵀ·matrix·u for u = e_r ∓ e_t: first minus or plus second."""
    diagonal = matrix.diagonal()
    return diagonal[:, None] + diagonal, matrix + matrix.T


def _along(matrix, r, t, sign):
    """The products (unit, 2) of a matrix and of its transpose with the vector u of a move."""
    if r == t:
        return np.sqrt(2) * np.stack([matrix[:, r], matrix[r]], 1)
    return np.stack([matrix[:, r] - sign * matrix[:, t], matrix[r] - sign * matrix[t]], 1)


def _reflect(matrix, r, t, sign):
    """Apply the move to the columns of a matrix, in place."""
    matrix[:, [r, t]] = sign * matrix[:, [t, r]]
