"""The distinct fixed and slow points among the ends of a search."""

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from torch import Tensor

from degeneracy.fixed_points.search import Search, chunks, tolerance_at


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


def points_of(cell, parameters: dict[str, Tensor], result: Search, constant: np.ndarray, options: dict, seed: int):
    """The distinct fixed and slow points among the ends of a search, their numbers, and the sum of the indices."""
    speed = result.speed.numpy()
    converged = speed < tolerance_at(result.state, options["tolerance"]).numpy()
    slow = ~converged & result.stationary.numpy() & (speed < options["slow_tolerance"])
    kept = [np.zeros(0, int)]
    for candidates in (np.flatnonzero(converged), np.flatnonzero(slow)):
        if len(candidates):
            chosen = unique(result.state[candidates].numpy(), speed[candidates], options["merge_distance"])
            kept.append(candidates[chosen])
    if len(kept) == 3:  # a slow point next to a fixed point is that fixed point, not quite reached
        distance, _ = cKDTree(result.state[kept[1]].numpy()).query(result.state[kept[2]].numpy())
        kept[2] = kept[2][distance > options["merge_distance"]] if converged.any() else kept[2]
    kept = np.concatenate(kept)
    inputs = np.broadcast_to(constant, (len(kept), len(constant)))
    eigenvalues = [np.zeros((0, result.state.shape[1]), complex)]
    for some in chunks(result.state[kept]) if len(kept) else ():
        own = torch.as_tensor(inputs[some].copy(), dtype=torch.float64)
        jacobian = cell.jacobian(parameters, result.state[kept[some]], own).numpy()  # (point, unit, source_unit)
        eigenvalues.append(np.linalg.eigvals(jacobian).astype(complex))
    eigenvalues = np.concatenate(eigenvalues)  # (point, unit)
    eigenvalues = np.take_along_axis(eigenvalues, np.argsort(-abs(eigenvalues), axis=1, kind="stable"), axis=1)
    index = np.sign(np.prod((1 - eigenvalues) / np.maximum(abs(1 - eigenvalues), 1e-300), axis=1).real)
    hits, half = np.zeros(len(kept), np.int32), np.zeros(len(kept), np.int32)
    if converged.any():
        fixed = result.state[kept[converged[kept]]].numpy()  # they come first in `kept`
        _, nearest = cKDTree(fixed).query(result.state[converged].numpy())
        hits[: len(fixed)] = np.bincount(nearest, minlength=len(fixed))
        # two of every four starts, so that each half has equally many visited states and mixtures
        first_half = np.arange(len(speed))[converged] // 2 % 2 == 0
        half[: len(fixed)] = np.bincount(nearest[first_half], minlength=len(fixed))
    points = {
        "network": np.full(len(kept), seed, np.int32),
        "state": result.state[kept].numpy(),
        "input": inputs,
        "speed": speed[kept],
        "converged": converged[kept].astype(np.int8),
        "eigenvalues_real": eigenvalues.real,
        "eigenvalues_imag": eigenvalues.imag,
        "n_unstable": (abs(eigenvalues) > 1).sum(1).astype(np.int32),
        "hits": hits,
    }
    counts = {
        "starts": len(speed),
        "starts_converged": int(converged.sum()),
        "fixed_points": int(converged[kept].sum()),
        "found_by_half": int((half > 0).sum()),
    }
    return points, counts, int(index[converged[kept]].sum())


def no_points(width: int, inputs: int) -> dict[str, np.ndarray]:
    """The arrays of a network without points, so that concatenation works even if no network has any."""
    floats = {"state": width, "input": inputs, "eigenvalues_real": width, "eigenvalues_imag": width}
    integers = {"network": np.int32, "converged": np.int8, "n_unstable": np.int32, "hits": np.int32}
    return (
        {name: np.zeros((0, size)) for name, size in floats.items()}
        | {name: np.zeros(0, dtype) for name, dtype in integers.items()}
        | {"speed": np.zeros(0)}
    )
