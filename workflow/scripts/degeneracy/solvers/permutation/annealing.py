"""Starts: matchings from mean-field annealing of relaxed matchings, which ends in a good basin.

After Gold & Rangarajan 1996 (softassign). Each step takes the entropic maximiser of ⟨Q, gradient⟩ at a falling
temperature and averages it with the last Q, because the overlap is indefinite and the iteration without damping flips
between two matrices. Row and column sums of |Q| tend to 1. Temperatures are in SDs of a gradient entry at a random
vertex.
"""

import numpy as np

from degeneracy.solvers.permutation.problem import best_vertex

COLD, SWEEPS = 0.1, 8  # last temperature; Sinkhorn sweeps a step
HOT, STEPS = 0.6, 15
SIGNED_HOT, SIGNED_STEPS = 0.4, 24  # signs freeze late, and noisy copies are lost with fewer steps


def random_starts(problem, count, rng):
    """As many matchings (p, s), annealed from random points about the centre of the polytope, all at once."""
    units = len(problem.a)
    # Deviations as large as the centre itself: with small ones all starts take the same basin.
    weight, mean = rng.standard_normal((2, count, units, units)).astype(np.float32) / units  # (start, unit, unit)
    weight += np.float32(1 / units)
    soft = _anneal_signed(problem, weight, mean) if problem.signed else _anneal(problem, weight)
    return [best_vertex(q, problem.signed) for q in soft.astype(np.float64)]


def _anneal(problem, q):
    gradient = _gradient(problem.a, problem.b, problem.linear)
    for temperature in np.geomspace(HOT, COLD, STEPS, dtype=np.float32):
        q = (q + _balanced(gradient(q) / temperature)) / 2
    return q


def _anneal_signed(problem, weight, mean):
    """Each entry has two states ±1: its weight is the cosh, and its mean the tanh, of gradient / temperature.

    At Q = 0, weights without structure say nothing about the signs. So the magnitudes of the entries, which do not
    depend on signs, add to the weights what their own problem says, fully at first and no more at the end.
    """
    a, b = (np.abs(matrix) - np.abs(matrix).mean() for matrix in (problem.a, problem.b))
    gradient, of_magnitudes = _gradient(problem.a, problem.b, problem.linear), _gradient(a, b, 0 * a)
    temperatures = np.geomspace(SIGNED_HOT, COLD, SIGNED_STEPS, dtype=np.float32)
    for temperature, share in zip(temperatures, np.linspace(1, 0, SIGNED_STEPS, dtype=np.float32), strict=True):
        field = gradient(mean) / temperature  # (start, unit, unit)
        size = np.abs(field)
        energy = size + np.log1p(np.exp(-2 * size))
        energy += of_magnitudes(weight) * (share / temperature)
        balanced = _balanced(energy)
        weight = (weight + balanced) / 2
        mean = (mean + balanced * np.tanh(field)) / 2
    return mean


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
