"""Whether two metrics see the same differences between networks."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from degeneracy.statistics.multiple_tests import holm

RELABELLINGS = 9999
BATCH = 1000  # relabellings at once


def mantel(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> tuple[float, float]:
    """Correlation over pairs of two distances (network, network), mean over levels, and its one-sided p-value.

    Pairs are not independent, so the test permutes the networks of one matrix, rows and columns together (Mantel 1967),
    at all levels jointly: networks stay at their level, so a trend that both metrics share is no correlation.
    It asks for a positive correlation. NaN for fewer than four networks at a level, or where all distances of a matrix
    are equal.
    """
    generator = np.random.default_rng(0)
    correlation, relabelled = 0.0, np.zeros(RELABELLINGS)
    for first, second in zip(one, other, strict=True):
        count = len(first)
        pairs = np.triu_indices(count, 1)
        if count < 4 or np.ptp(first[pairs]) == 0 or np.ptp(second[pairs]) == 0:
            return np.nan, np.nan
        a, b = (np.where(np.eye(count), 0, each - each[pairs].mean()) for each in (first, second))
        a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
        orders = generator.permuted(np.tile(np.arange(count), (RELABELLINGS, 1)), axis=1)
        for start in range(0, RELABELLINGS, BATCH):
            some = orders[start : start + BATCH]
            relabelled[start : start + BATCH] += np.einsum("ij,rij->r", a, b[some[:, :, None], some[:, None, :]])
        correlation += float(np.vdot(a, b))
    p = (1 + np.sum(relabelled >= correlation - 1e-12)) / (1 + RELABELLINGS)
    return correlation / len(one), float(p)


def table(metrics: Mapping[str, Sequence[np.ndarray]]) -> list[dict]:
    """Rows of all pairs of some metrics of a sweep, from the distances (network, network) at each level by metric.

    `holm_p` adjusts the p-values for the number of pairs (Holm).
    """
    pairs = list(itertools.combinations(sorted(metrics), 2))
    found = [mantel(metrics[one], metrics[other]) for one, other in pairs]
    adjusted = holm(np.array([p for _, p in found]))
    return [
        {"metric": one, "other_metric": other, "correlation": correlation, "p": p, "holm_p": each}
        for (one, other), (correlation, p), each in zip(pairs, found, adjusted, strict=True)
    ]
