"""Continua of fixed points, such as line and ring attractors: one object each, with a dimension."""

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import cdist

from degeneracy.fixed_points.merge import Points
from degeneracy.fixed_points.search import Search, tolerance_at

SHARES = (0.25, 0.5, 0.75)  # places on the line between two points at which we look for further points
LEAST_EXTENT = 100  # merge distances; what is smaller is one degenerate point, at which no search converges exactly
NULL = 1e-6  # singular values of I − ∂F/∂h below this, relative to the largest or to 1, are 0
LOOKED_AT = 25  # members of a continuum whose null directions are counted


def groups(points: Points, seek, options: dict) -> np.ndarray:
    """Object (point) that each point belongs to: points between which there are further ones share an object.

    We test the edges of the shortest tree that connects the marginal points, and an edge from each other point to the
    nearest marginal one, because at a kink, such as the end of a line of rectified units, the eigenvalue is not 1.
    `seek` searches from states (start, unit).
    """
    state, marginal = points.state, np.flatnonzero(points.marginal)
    if len(marginal) < 2:
        return np.arange(len(state))
    others = np.flatnonzero(~points.marginal)
    tree = coo_array(minimum_spanning_tree(cdist(state[marginal], state[marginal])))
    nearest = marginal[cdist(state[others], state[marginal]).argmin(1)]
    one, other = np.concatenate([marginal[tree.row], others]), np.concatenate([marginal[tree.col], nearest])  # (edge)
    linked = _linked(state[one], state[other], seek, options)
    graph = coo_array((np.ones(linked.sum()), (one[linked], other[linked])), shape=(len(state),) * 2)
    return connected_components(graph, directed=False)[1]


def _linked(one: np.ndarray, other: np.ndarray, seek, options: dict) -> np.ndarray:
    """Whether searches from places between two points (edge, unit) end near these places, at points of their own."""
    shares = np.array(SHARES)[:, None, None]
    between = one + shares * (other - one)  # (place, edge, unit)
    length = np.linalg.norm(other - one, axis=1)  # (edge)
    ends: Search = seek(torch.as_tensor(between.reshape(-1, between.shape[-1])))
    fixed = (ends.speed < tolerance_at(ends.state, options["tolerance"])).numpy().reshape(between.shape[:2])
    path = np.concatenate([one[None], ends.state.numpy().reshape(between.shape), other[None]])  # (place, edge, unit)
    moved = np.linalg.norm(path[1:-1] - between, axis=-1).max(0)
    shortest = np.linalg.norm(np.diff(path, axis=0), axis=-1).min(0)
    return fixed.all(0) & (moved < length / 4) & (shortest > length / 16)


def objects(points: Points, labels: np.ndarray, jacobian, options: dict) -> tuple[Points, np.ndarray]:
    """One point for each object, that nearest to the mean of its members, with all their hits; and its dimension.

    The dimension is the median number of null directions of I − ∂F/∂h at the members, and 0 of an isolated point.
    `jacobian` computes ∂F/∂h (point, unit, unit) at states (point, unit).
    """
    chosen, dimension = np.zeros(labels.max(initial=-1) + 1, int), np.zeros(labels.max(initial=-1) + 1, np.int32)
    hits = np.bincount(labels, points.hits, minlength=len(chosen)).astype(np.int32)
    order = np.argsort(labels, kind="stable")
    for place, members in enumerate(np.split(order, np.cumsum(np.bincount(labels))[:-1]) if len(order) else ()):
        state = points.state[members]
        chosen[place] = members[np.linalg.norm(state - state.mean(0), axis=1).argmin()]
        if len(members) > 1 and np.ptp(state, axis=0).max() > LEAST_EXTENT * options["merge_distance"]:
            some = state[:: max(1, len(members) // LOOKED_AT)]
            values = np.linalg.svd(np.eye(state.shape[1]) - jacobian(some), compute_uv=False)  # (member, unit)
            dimension[place] = max(1, np.median((values < NULL * np.maximum(values[:, :1], 1)).sum(1)))
    parts = points.state[chosen], points.speed[chosen], points.eigenvalues[chosen]
    return Points(*parts, hits), dimension
