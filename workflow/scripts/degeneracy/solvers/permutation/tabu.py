"""Tabu search over the swaps of two units and, where signs are free, the swaps that flip both, and the flips.

Every move is a reflection H = I − uuᵀ of units: u = e_r − e_t for a swap, e_r + e_t for a swap that flips, √2 e_r for a
flip. With B = QW₂Qᵀ and M = W₁Bᵀ + W₁ᵀB + F₁(QF₂)ᵀ, it changes the overlap by −uᵀMu + (uᵀW₁u)(uᵀBu), and M becomes
(M − (W₁u)(Bu)ᵀ − (W₁ᵀu)(Bᵀu)ᵀ)H. So all moves together cost O(n²). Compiled, because a step is a few microseconds.
"""

import numpy as np

from degeneracy.compilation import compiled

TENURES = 0.1, 0.2  # steps for which a unit that moved is held: at least and at most, per unit
DRAWN = 1021  # tenures, which then recur
LEAST_GAIN = 1e-13  # of a move, where overlaps are at most 1: above rounding

# Sums may be reordered and products fused. All entries are finite: `matching` checks them.
kernel = compiled(fastmath={"contract", "reassoc", "arcp", "nsz"}, error_model="numpy")


def improved(problem, p, s, patience, rng):
    """The best matching (p, s) that tabu search meets from a matching: a local maximum, never worse than its start.

    Each step takes the best move, which may go downhill, except that two units that both moved lately do not move
    together again, unless that beats the best matching so far. The search ends after `patience` steps without a better
    one, at the first local maximum when that is 0.
    """
    p, s = p.copy(), s.astype(np.float64)
    b = np.outer(s, s) * problem.b[np.ix_(p, p)]  # (unit, unit)
    pull = problem.a @ b.T + problem.a.T @ b + problem.linear[:, p] * s  # (unit, unit) M
    least, most = (round(share * len(p)) for share in TENURES)
    tenures = rng.integers(least, most + 1, DRAWN)
    _search(np.ascontiguousarray(problem.a), b, pull, p, s, problem.signed, patience, tenures)
    return p, s


@kernel
def _search(a, b, pull, p, s, signed, patience, tenures):
    """Leave the best matching met in p and s; b and pull are overwritten."""
    best_p, best_s, held_until = p.copy(), s.copy(), np.zeros(len(p), np.int64)
    gained, most, step, last = 0.0, 0.0, 0, 0  # of the overlap: by all moves, and at the best matching
    while step - last <= patience:
        step += 1
        gain, r, t, sign = best_move(a, b, pull, signed, held_until, step, most + LEAST_GAIN - gained)
        if patience == 0 and gain <= LEAST_GAIN:
            break
        if r < 0:
            continue
        held_until[r] = step + tenures[(2 * step) % len(tenures)]
        held_until[t] = step + tenures[(2 * step + 1) % len(tenures)]
        _move(a, b, pull, p, s, r, t, sign)
        gained += gain
        if gained > most + LEAST_GAIN:
            most, last = gained, step
            best_p[:], best_s[:] = p, s
    p[:], s[:] = best_p, best_s


@kernel
def best_move(a, b, pull, signed, held_until, step, enough):
    """Gain, units r ≥ t and sign of the best move that is allowed, or that gains more than `enough`.

    The sign is −1 for a swap that flips and, with r = t, for a flip. r is −1 if no move is allowed.
    """
    most, best_r, best_t, best_sign = -np.inf, -1, -1, 1.0
    for r in range(len(a)):
        held = held_until[r] >= step
        for t in range(r):
            both, cross = pull[r, r] + pull[t, t], pull[r, t] + pull[t, r]
            a_same, a_cross = a[r, r] + a[t, t], a[r, t] + a[t, r]
            b_same, b_cross = b[r, r] + b[t, t], b[r, t] + b[t, r]
            gain, sign = cross - both + (a_same - a_cross) * (b_same - b_cross), 1.0
            if signed:
                flipped = -cross - both + (a_same + a_cross) * (b_same + b_cross)
                if flipped > gain:
                    gain, sign = flipped, -1.0
            if gain > most and (gain > enough or not (held and held_until[t] >= step)):
                most, best_r, best_t, best_sign = gain, r, t, sign
        if signed:
            gain = 4 * a[r, r] * b[r, r] - 2 * pull[r, r]
            if gain > most and (gain > enough or not held):
                most, best_r, best_t, best_sign = gain, r, r, -1.0
    return most, best_r, best_t, best_sign


@kernel
def _move(a, b, pull, p, s, r, t, sign):
    """Make a move: update the matching, B and M."""
    scale = 2.0 if r == t else 1.0  # uuᵀ = 2 e_r e_rᵀ for a flip
    other = 0.0 if r == t else sign
    a_columns, a_rows = scale * (a[:, r] - other * a[:, t]), scale * (a[r] - other * a[t])
    b_columns, b_rows = b[:, r] - other * b[:, t], b[r] - other * b[t]
    for i in range(len(a)):
        for j in range(len(a)):
            pull[i, j] -= a_columns[i] * b_columns[j] + a_rows[i] * b_rows[j]
    _reflect(pull.T, r, t, sign)
    _reflect(b.T, r, t, sign)
    _reflect(b, r, t, sign)
    p[r], p[t] = p[t], p[r]
    s[r], s[t] = sign * s[t], sign * s[r]


@kernel
def _reflect(matrix, r, t, sign):
    """Apply the move to the rows of a matrix, in place."""
    for i in range(matrix.shape[1]):
        matrix[r, i], matrix[t, i] = sign * matrix[t, i], sign * matrix[r, i]
