"""Convergent learning: how many units of two networks have no match in the other one? (Li et al. 2016)

Units are compared by the absolute correlation of their states over the probe trials and times, as the sign of a tanh
unit is free. A unit is predicted from the units of the other network in three ways:

- one to one: from the unit that it gets if all units are assigned so that the sum of correlations is largest;
- few to one: by a lasso on all units with the penalty `penalty` (all states scaled to SD 1);
- many to many: by least squares on the units of the other network in its group, of `groups` groups (of two units or
  more) by spectral co-clustering of both networks (Dhillon 2001; assigned as in Damle, Minden & Ying 2019).

A unit is matched if its correlation with the prediction is above chance: beyond 95% of the correlations with the same
predictions from rotated copies of the other network, or 1 but for rounding. A rotated copy has the same states up to a
rotation, and so the same information, and no unit in common. Units that never change are left out.

# ASSUME: the paper has no rule for chance. Shuffled trials would match nearly all units of two networks of one task,
because they follow the same few signals. Rotations act on principal components, whose signs random weights of the
samples fix, so that order and signs of the units change nothing.
"""

from typing import Annotated

import numpy as np
from scipy.linalg import qr
from scipy.optimize import linear_sum_assignment

from degeneracy.metrics._representation import moving_states
from degeneracy.plugins.options import Range

LEVEL = "representation"
MEASURES = {
    "distance": ("units without a match, one to one", "1"),
    "few_to_one": ("units without a match, few to one", "1"),
    "many_to_many": ("units without a match, many to many", "1"),
    "correlation": ("1 − mean correlation of assigned units", "1"),
}
SYMMETRY = "signed"
RANGE = {"distance": (0, 1), "few_to_one": (0, 1), "many_to_many": (0, 1), "correlation": (0, 1)}
SAME_TRIALS = True
CHANCE = 0.95  # quantile of the correlations with rotated copies
FULL = 1 - 1e-4  # a correlation that is 1 but for rounding and what the solver leaves
STEPS = 200  # of the solver of the lasso


def features(population, *, trials: Annotated[int, Range(1)] = 128) -> dict[str, np.ndarray]:
    """Centred states (network, sample, unit), their products (network, unit, unit), and the principal `axes` (network,
    unit, component) with fixed signs; NaN where a network stands still."""
    states = np.stack([each.reshape(-1, each.shape[-1]) for each in moving_states(population, trials)])
    products = states.mT @ states
    known = np.isfinite(products).all((1, 2))
    axes = np.full_like(products, np.nan)
    axes[known] = np.linalg.eigh(products[known])[1]
    weights = np.random.default_rng(0).standard_normal(states.shape[1])
    axes *= np.where((weights @ states)[:, None] @ axes < 0, -1, 1)
    return {"states": states, "products": products, "axes": axes}


def distance(
    a: dict,
    b: dict,
    *,
    penalty: Annotated[float, Range(0, 1)] = 0.1,
    groups: Annotated[int, Range(1)] = 8,
    rotations: Annotated[int, Range(1)] = 5,
) -> dict[str, np.ndarray]:
    """Share of unmatched units (pair) in both networks of each pair, by the three ways; 1 − the mean correlation of
    assigned units; and the mean number of units that the lasso `used`.
    """
    generator = np.random.default_rng(0)
    size = a["axes"].shape[-1]
    turns = np.linalg.qr(generator.standard_normal((rotations, size, size)))[0]  # (rotation, component, unit)
    both = [
        _unmatched(one["products"][pair], other["products"][pair], cross, other["axes"][pair] @ turns, penalty, groups)
        for pair, product in enumerate(a["states"].mT @ b["states"])
        for one, other, cross in ((a, b, product), (b, a, product.T))
    ]
    values = np.array(both).reshape(-1, 2, 5).mean(1).T
    return dict(zip((*MEASURES, "used"), values, strict=True))


def _unmatched(own, other, cross, copies, penalty: float, groups: int) -> tuple[float, ...]:
    """The measures in one direction, of units from those of another network, whose rotated `copies` set chance."""
    moving = np.diagonal(own) > 1e-12 * np.trace(own)
    own, cross = own[np.ix_(moving, moving)], cross[moving]
    real, used = _predicted(own, other, cross, penalty, groups)
    chance = [_predicted(own, turn.T @ other @ turn, cross @ turn, penalty, groups)[0] for turn in copies]
    least = np.quantile(np.concatenate(chance, axis=1), CHANCE, axis=1)  # (way,)
    matched = (real > least[:, None]) | (real >= FULL)
    return *(1 - matched.mean(1)), max(1 - real[0].mean(), 0), used


def _predicted(own, other, cross, penalty: float, groups: int) -> tuple[np.ndarray, float]:
    """Correlations (way, unit) of units with their predictions, and the mean number of units that the lasso used.

    `own` and `other` are products (unit, unit) of the units of one network, and `cross` of those of two.
    """
    scales = [np.sqrt(np.diagonal(each)) for each in (own, other)]
    moves = scales[1] > 1e-6 * np.sqrt(np.trace(other))
    scales[1] = np.where(moves, scales[1], np.inf)  # units that never change correlate with none
    correlation = cross / scales[0][:, None] / scales[1]  # (unit, other unit)
    within = other / scales[1][:, None] / scales[1]
    one = np.zeros(len(own))
    rows, columns = linear_sum_assignment(-abs(correlation))
    one[rows] = abs(correlation[rows, columns])
    weights = lasso(within, correlation.T, penalty)
    size = np.sqrt(np.maximum(np.sum(weights * (within @ weights), 0), 1e-30))
    few = np.sum(weights * correlation.T, 0) / size
    many = _from_group(np.square(correlation), correlation, within, groups)
    return np.stack([one, few, many]), float(np.mean(np.sum(weights != 0, 0)))


def lasso(within: np.ndarray, correlation: np.ndarray, penalty: float) -> np.ndarray:
    """Weights (predictor, target) that minimise ½ wᵀ W w − cᵀ w + penalty ‖w‖₁, by FISTA (Beck & Teboulle 2009)."""
    step = 1 / np.linalg.eigvalsh(within)[-1]
    ahead = weights = np.zeros_like(correlation)
    momentum = 1.0
    for _ in range(STEPS):
        moved = ahead - step * (within @ ahead - correlation)
        last, weights = weights, moved - np.clip(moved, -step * penalty, step * penalty)
        next_momentum = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = weights + (momentum - 1) / next_momentum * (weights - last)
        momentum = next_momentum
    return weights


def _from_group(affinity, correlation, within, groups: int) -> np.ndarray:
    """Correlation of each unit (unit) with its prediction from the units of the other network in its group."""
    labels, other_labels = co_clusters(affinity, groups)
    found = np.zeros(len(labels))
    for group in range(groups):
        units, others = labels == group, other_labels == group
        if units.any() and others.any():
            target = correlation[np.ix_(units, others)].T  # (other unit, unit)
            inner = within[np.ix_(others, others)] + 1e-9 * np.eye(others.sum())
            found[units] = np.sqrt(np.clip(np.sum(target * np.linalg.solve(inner, target), 0), 0, 1))
    return found


def co_clusters(affinity: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Groups of the rows and of the columns of an affinity (row, column), without a random start.

    We take squared correlations as affinities. Those of a network with itself have no negative eigenvalue, so that rows
    and columns get the same vectors.
    """
    sums = [np.sqrt(np.maximum(affinity.sum(axis), 1e-12)) for axis in (1, 0)]
    left, sizes, right = np.linalg.svd(affinity / sums[0][:, None] / sums[1], full_matrices=False)
    kept = min(groups, len(sizes) // 2 or 1, int(np.sum(sizes > 1e-9)))
    vectors = np.concatenate([left[:, :kept], right[:kept].T])
    _, _, pivots = qr(vectors.T, mode="economic", pivoting=True)
    one, _, other = np.linalg.svd(vectors[pivots[: vectors.shape[1]]].T)
    labels = abs(vectors @ (one @ other)).argmax(1)
    return labels[: len(affinity)], labels[len(affinity) :]
