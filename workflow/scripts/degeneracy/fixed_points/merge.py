"""The distinct fixed points among the ends of searches."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from degeneracy.fixed_points.search import Search, tolerance_at

MARGINAL = 1e-6  # distance of an eigenvalue from the unit circle, or from 1, that rounding and convergence may cause


@dataclass(frozen=True)
class Points:
    """States (point, unit) with their speeds q, eigenvalues (point, unit), and the drawn starts that ended there."""

    state: np.ndarray
    speed: np.ndarray
    eigenvalues: np.ndarray
    hits: np.ndarray

    @property
    def marginal(self) -> np.ndarray:
        """Whether an eigenvalue is 1 within rounding (point), so that the point may belong to a continuum."""
        return (abs(1 - self.eigenvalues) < MARGINAL).any(1)

    @property
    def index(self) -> np.ndarray:
        """Indices sign det(I − ∂F/∂h) (point), 0 of a marginal point."""
        factors = (1 - self.eigenvalues) / np.maximum(abs(1 - self.eigenvalues), 1e-300)
        return np.where(self.marginal, 0, np.sign(np.prod(factors, axis=1).real)).astype(int)


def unique(state: np.ndarray, speed: np.ndarray, distance: float) -> np.ndarray:
    """Index of the slowest point of each cluster; points (point, unit) closer than `distance` share a cluster."""
    # thousands of starts end at one point: keep one per grid cell of diagonal `distance` before comparing all pairs
    order, cell = np.argsort(speed, kind="stable"), distance / np.sqrt(state.shape[1])
    _, first = np.unique(np.round(state[order] / cell), axis=0, return_index=True)
    thinned = np.sort(order[first])
    if len(thinned) < len(state):
        return thinned[unique(state[thinned], speed[thinned], distance)]
    pairs = cKDTree(state).query_pairs(distance, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(state),) * 2)
    _, cluster = connected_components(graph, directed=False)
    order = np.lexsort((speed, cluster))
    _, first = np.unique(cluster[order], return_index=True)
    return np.sort(order[first])


def none_yet(units: int) -> Points:
    """No points of so many units."""
    return Points(np.zeros((0, units)), np.zeros(0), np.zeros((0, units), complex), np.zeros(0, np.int32))


def added(points: Points, ends: Search, drawn: bool, eigenvalues, options: dict) -> Points:
    """The points and those that the ends add; ends of starts that were `drawn` at random count as hits.

    `eigenvalues` computes those of the Jacobian (point, unit) at states (point, unit).
    """
    converged = ends.speed < tolerance_at(ends.state, options["tolerance"])
    state, speed = ends.state[converged].numpy(), ends.speed[converged].numpy()
    if not len(state):
        return points
    new = np.ones(len(state), bool)
    if len(points.state):
        new = cKDTree(points.state).query(state)[0] > options["merge_distance"]
    chosen = np.flatnonzero(new)
    if len(chosen):
        chosen = chosen[unique(state[chosen], speed[chosen], options["merge_distance"])]
    joined = np.concatenate([points.state, state[chosen]])
    hits = np.concatenate([points.hits, np.zeros(len(chosen), np.int32)])
    if drawn:
        hits += np.bincount(cKDTree(joined).query(state)[1], minlength=len(joined)).astype(np.int32)
    spectra = np.concatenate([points.eigenvalues, eigenvalues(state[chosen])])
    return Points(joined, np.concatenate([points.speed, speed[chosen]]), spectra, hits)


def slow_among(ends: list[Search], fixed: np.ndarray, eigenvalues, options: dict) -> Points:
    """Slow points among ends: local minima of q that are no fixed points (point, unit), nor next to one."""
    state = torch.cat([one.state for one in ends])
    speed = torch.cat([one.speed for one in ends])
    stationary = torch.cat([one.stationary for one in ends])
    slow = (speed >= tolerance_at(state, options["tolerance"])) & stationary & (speed < options["slow_tolerance"])
    states, speeds = state[slow].numpy(), speed[slow].numpy()
    if len(states):
        chosen = unique(states, speeds, options["merge_distance"])
        states, speeds = states[chosen], speeds[chosen]
    if len(states) and len(fixed):  # a slow point next to a fixed point is that fixed point, not quite reached
        apart = cKDTree(fixed).query(states)[0] > options["merge_distance"]
        states, speeds = states[apart], speeds[apart]
    return Points(states, speeds, eigenvalues(states), np.zeros(len(states), np.int32))
