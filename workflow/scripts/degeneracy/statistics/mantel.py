"""Whether two metrics see the same differences between networks."""

import numpy as np

RELABELLINGS = 9999


def mantel(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Correlation of two matrices of distances (network, network) over pairs, and its one-sided p-value.

    Pairs are not independent, so the test permutes the networks of one matrix, rows and columns together (Mantel 1967).
    It asks for a positive correlation. NaN for fewer than four networks, or where all distances of a matrix are equal.
    """
    count = len(one)
    pairs = np.triu_indices(count, 1)
    if count < 4 or np.ptp(one[pairs]) == 0 or np.ptp(other[pairs]) == 0:
        return np.nan, np.nan
    first, second = (np.where(np.eye(count), 0, each - each[pairs].mean()) for each in (one, other))
    scale = np.sqrt(np.sum(first**2) * np.sum(second**2))
    generator = np.random.default_rng(0)
    orders = [generator.permutation(count) for _ in range(RELABELLINGS)]
    relabelled = np.array([np.vdot(first, second[np.ix_(order, order)]) for order in orders]) / scale
    correlation = float(np.vdot(first, second) / scale)
    return correlation, float((1 + np.sum(relabelled >= correlation - 1e-12)) / (1 + RELABELLINGS))
