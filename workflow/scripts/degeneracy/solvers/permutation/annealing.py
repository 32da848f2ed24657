"""Starts: matchings from mean-field annealing of relaxed matchings, which ends in a good basin.

After Gold & Rangarajan 1996 (softassign). Each step takes the entropic maximiser of ⟨Q, gradient⟩ at a falling
temperature and averages it with the last Q, because the overlap is indefinite and the iteration without damping flips
between two matrices. Row and column sums of |Q| tend to 1. Temperatures are in SDs of a gradient entry at a random
vertex.
"""

import numpy as np

from degeneracy.solvers.permutation.problem import best_vertex

COLD, SWEEPS = 0.1, 8  # last temperature; Sinkhorn sweeps a step
UNSIGNED = 0.6, 15  # first temperature, and steps
SIGNED = 0.4, 40  # with fewer steps, signs are not found in as much noise


def random_starts(problem, count, rng):
    """As many matchings (p, s), annealed from random points about the centre of the polytope, all at once."""
    units = len(problem.a)
    # Deviations as large as an entry of the centre: with small ones all starts take the same basin.
    q = rng.standard_normal((count, units, units)) / units  # (start, unit, unit)
    if not problem.signed:
        q += 1 / units
    soft = _anneal(problem, q.astype(np.float32))
    return [best_vertex(each, problem.signed) for each in soft.astype(np.float64)]


def _anneal(problem, q):
    """Soft matchings (start, unit, unit) annealed from Q.

    When signed, an entry has two states ±1: its weight is the cosh, and its mean the tanh, of gradient / temperature.
    """
    gradient = _gradient(problem.a, problem.b, problem.linear)
    hot, steps = SIGNED if problem.signed else UNSIGNED
    for temperature in np.geomspace(hot, COLD, steps, dtype=np.float32):
        field = gradient(q) / temperature  # (start, unit, unit)
        if problem.signed:
            size = np.abs(field)
            weight = _balanced(size + np.log1p(np.exp(-2 * size))) * np.tanh(field)
        else:
            weight = _balanced(field)
        q = (q + weight) / 2
    return q


def _gradient(a, b, linear):
    """The gradient of the overlap at Q (start, unit, unit) as a function, in SDs of its entries at a random vertex."""
    units = len(a)
    scale = np.sqrt(2 * units) * np.linalg.norm(a) * np.linalg.norm(b) / units**2 + np.linalg.norm(linear) / units
    scale = scale or 1.0
    left = np.concatenate([a, a.T]).astype(np.float32)  # (2 unit, unit)
    right = (np.concatenate([b.T, b]) / scale).astype(np.float32)  # (2 unit, unit)
    linear = (linear / scale).astype(np.float32)

    def gradient(q):
        product = left @ q  # (start, 2 unit, unit)
        return np.concatenate([product[:, :units], product[:, units:]], 2) @ right + linear

    return gradient


def _balanced(energy):
    """exp(energy) (start, unit, unit) with rows and columns scaled to sum to 1."""
    weight, tiny = np.exp(energy - energy.max(2, keepdims=True)), np.float32(1e-30)
    columns = np.ones_like(weight[:, :, :1])
    for _ in range(SWEEPS):
        rows = 1 / (weight @ columns + tiny)  # (start, unit, 1)
        columns = 1 / (weight.mT @ rows + tiny)  # (start, unit, 1)
    return weight * rows * columns.mT
