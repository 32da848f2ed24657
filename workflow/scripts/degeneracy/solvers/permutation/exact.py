"""The best matching of two small networks, by branch and bound."""

import numpy as np

from degeneracy.compilation import compiled

LEAST_GAIN = 1e-14  # of the overlap, which is at most 1, for a branch to be followed

kernel = compiled(error_model="numpy")


def optimum(problem, p, s):
    """The matching (p, s) of largest overlap; the given one is the first that branches must beat.

    Units of network 1 are matched in turn, those of large weights first. A branch is followed while what is matched,
    the most that each unit that is left can add to it, and ‖W₁‖‖W₂‖ among the units that are left (Cauchy–Schwarz)
    together exceed the best overlap.
    """
    a, b = problem.a, problem.b
    order = np.argsort(-(a**2).sum(0) - (a**2).sum(1))
    sorted_a = np.ascontiguousarray(a[np.ix_(order, order)])
    gains = np.ascontiguousarray(problem.linear[order])
    best_p, best_s = p[order], s[order].astype(np.float64)
    _branch(sorted_a, np.ascontiguousarray(b), gains, problem.signed, best_p, best_s, problem.overlap(p, s))
    back = np.argsort(order)
    return best_p[back], best_s[back]


@kernel
def _branch(a, b, linear, signed, best_p, best_s, best):
    """Depth-first search: leaves the best matching in best_p and best_s.

    At each depth: `left` (unit, unit) is what unit i would add to the matched ones as unit j with sign +1, without its
    own diagonal, which has no sign; `choice` the branch that is tried, unit and sign.
    """
    units, signs = len(a), 2 if signed else 1
    left = np.zeros((units + 1, units, units))
    left[0] = linear
    value, choice = np.zeros(units + 1), np.full(units + 1, -1)
    p, s, used = np.zeros(units, np.int64), np.ones(units), np.zeros(units, np.bool_)
    rest = np.zeros(units + 1)  # ‖W₁‖ among the units from each depth on, without the diagonal
    for k in range(units):
        for i in range(k, units):
            for j in range(k, units):
                rest[k] += a[i, j] ** 2 if i != j else 0.0
    rest = np.sqrt(rest)
    depth = 0
    while depth >= 0:
        choice[depth] += 1
        if choice[depth] >= units * signs:
            choice[depth] = -1
            depth -= 1
            if depth >= 0:
                used[p[depth]] = False
            continue
        unit, sign = choice[depth] // signs, 1.0 - 2.0 * (choice[depth] % signs)
        if used[unit]:
            continue
        now = value[depth] + sign * left[depth, depth, unit] + a[depth, depth] * b[unit, unit]
        used[unit] = True
        p[depth], s[depth] = unit, sign
        if depth + 1 == units:
            if now > best + LEAST_GAIN:
                best = now
                best_p[:], best_s[:] = p, s
        else:
            bound = now + _most(a, b, left[depth], left[depth + 1], depth, unit, sign, used, rest[depth + 1], signed)
            if bound > best + LEAST_GAIN:
                depth += 1
                value[depth] = now
                continue
        used[unit] = False


@kernel
def _most(a, b, before, after, depth, unit, sign, used, rest, signed):
    """Fill `left` of the next depth, and return the most that the units that are left can add to the overlap."""
    total, square = 0.0, 0.0
    for i in range(depth + 1, len(a)):
        most = -np.inf
        for j in range(len(a)):
            if used[j]:
                continue
            after[i, j] = before[i, j] + sign * (a[i, depth] * b[j, unit] + a[depth, i] * b[unit, j])
            size = abs(after[i, j]) if signed else after[i, j]
            most = max(most, size + a[i, i] * b[j, j])
        total += most
    for i in range(len(a)):
        for j in range(len(a)):
            if i != j and not used[i] and not used[j]:
                square += b[i, j] ** 2
    return total + rest * np.sqrt(square)
