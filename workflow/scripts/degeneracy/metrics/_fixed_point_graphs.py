"""The graph of the fixed points of a network at a constant input: which attractors each unstable point leads to."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial.distance import cdist
from torch import Tensor

FIRST = 0.01  # length of the step away from an unstable point, as a share of the distance to the nearest other point
THERE = 0.01  # distance from a point, as such a share, at which a trajectory has reached it
STILL = 1e-7  # length of a step, as such a share, below which a trajectory is at rest
DIRECTIONS = 16  # of trajectories from a point with several unstable eigenvectors, for each choice of their signs
CYCLE = -1  # in the place of the number of unstable directions
WATCHED = 400  # steps of a trajectory that does not come to rest, of which the mean is taken
ALIKE = 0.2  # distance between the means of two such trajectories, as a share of their size, below which they are one
SAME = 1e-6  # of the modulus of an eigenvalue: how far from 1 it may be without being unstable


@dataclass(frozen=True)
class Graph:
    """Nodes: their mean states (node, unit), numbers of unstable directions and dimensions; and edges (node, node).

    An edge goes from an unstable point to an attractor. `lost` trajectories ended at no known point.
    """

    state: np.ndarray
    unstable: np.ndarray
    dimension: np.ndarray
    edges: np.ndarray
    lost: int


def graph(cell, parameters: dict[str, Tensor], points: dict[str, np.ndarray], constant: Tensor, steps: int) -> Graph:
    """The graph of some fixed points of one network at a constant input (input).

    `points` are their state (point, unit), `n_unstable` and `dimension`. Trajectories start near the unstable points
    (see `starts`) and run for at most so many steps. One ends at the point that it comes near to or, if it is at rest
    elsewhere, at the nearest continuum. If it keeps moving, it is on a limit cycle (or on another set that does not
    rest), which is a node.
    """
    state, unstable, dimension = (points[name] for name in ("state", "n_unstable", "dimension"))
    distance = cdist(state, state)
    distance[np.diag_indices_from(distance)] = np.inf
    size = distance.min(1) if len(state) > 1 else np.full(1, max(1.0, np.linalg.norm(state)))
    begin, origin = starts(cell, parameters, state, unstable, size, constant)
    inputs = constant.expand(len(begin), -1)

    def advanced(now: np.ndarray, some=slice(None)) -> np.ndarray:
        return cell.step(parameters, torch.as_tensor(now), inputs[some]).numpy()

    now, speed = begin, np.zeros(len(begin))
    for _ in range(steps):
        before, now = now, advanced(now)
        speed = np.linalg.norm(now - before, axis=1) / size[origin]
        if (speed < STILL).all():
            break
    finite = np.isfinite(now).all(1)
    apart = cdist(np.where(finite[:, None], now, np.inf), state) if len(begin) else np.zeros((0, len(state)))
    end = apart.argmin(1)
    arrived = finite & (apart[np.arange(len(now)), end] < THERE * size[end]) & (end != origin)
    still, continua = finite & ~arrived & (speed < STILL), np.flatnonzero(dimension > 0)
    if len(continua):
        end[still] = continua[apart[still][:, continua].argmin(1)]
        arrived |= still
    moving = np.flatnonzero(finite & ~arrived & ~still)
    centres, which = _cycles(now[moving], lambda each: advanced(each, moving))
    end[moving], arrived[moving] = len(state) + which, True
    edges = np.zeros((len(state) + len(centres),) * 2, bool)
    edges[origin[arrived], end[arrived]] = True
    return Graph(
        np.concatenate([state, centres]),
        np.concatenate([unstable, np.full(len(centres), CYCLE)]),
        np.concatenate([dimension, np.ones(len(centres), dimension.dtype)]),
        edges,
        int((~arrived).sum()),
    )


def starts(cell, parameters, state, unstable, size, constant: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """States (start, unit) next to unstable points, and the points (start) that they are next to.

    They lie in the plane of the unstable eigenvectors: both ways along a single one, and otherwise at mixtures of them,
    16 for each choice of their signs, with log-normal weights (SD of the log 1) from a fixed random stream. So they
    spread over the unstable manifold, also where eigenvalues differ. In ten networks of the 4-bit flip-flop, they found
    all ends of the points with one unstable direction, and with four of them 15.4 of 16 on average.
    """
    begin, origin = [np.zeros((0, state.shape[1]))], [np.zeros(0, int)]
    for point in np.flatnonzero(unstable > 0):
        here = torch.as_tensor(state[[point]])
        values, vectors = np.linalg.eig(cell.jacobian(parameters, here, constant[None])[0].numpy())
        outward = np.flatnonzero((abs(values) > 1 + SAME) & (values.imag >= 0))
        axes = [part for one in outward for part in _axes(values[one], vectors[:, one])]
        mixed = _mixtures(len(axes)) @ np.array(axes).reshape(len(axes), state.shape[1])
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        begin.append(state[point] + FIRST * size[point] * mixed)
        origin.append(np.full(len(mixed), point))
    return np.concatenate(begin), np.concatenate(origin)


def _axes(value: complex, vector: np.ndarray) -> list[np.ndarray]:
    """The real directions (unit) of an eigenvector, two if it is complex."""
    return [vector.real, vector.imag] if value.imag else [vector.real]


def _mixtures(axes: int) -> np.ndarray:
    """Weights (start, axis) of some axes: with each also those of other signs, of up to eight axes."""
    if axes == 1:
        return np.array([[1.0], [-1.0]])
    signed = min(axes, 8)
    signs = 1.0 - 2 * (np.arange(2**signed)[:, None] >> np.arange(signed) & 1)
    signs = np.pad(signs, ((0, 0), (0, axes - signed)), constant_values=1.0)
    weights = np.exp(np.random.default_rng(axes).standard_normal((DIRECTIONS, axes)))
    return (weights[:, None] * signs).reshape(-1, axes)


def _cycles(now: np.ndarray, advanced) -> tuple[np.ndarray, np.ndarray]:
    """Mean states (cycle, unit) of the sets on which trajectories (start, unit) move, and the set of each (start)."""
    path = [now]
    for _ in range(WATCHED if len(now) else 0):
        path.append(advanced(path[-1]))
    middle = np.mean(path, axis=0)  # (start, unit)
    extent = np.sqrt(np.square(path - middle).sum(-1).mean(0))
    centres: list[int] = []
    which = np.zeros(len(now), int)
    for start in range(len(now)):
        apart = np.linalg.norm(middle[centres] - middle[start], axis=1)
        if len(centres) and apart.min() < ALIKE * extent[start]:
            which[start] = apart.argmin()
        else:
            which[start] = len(centres)
            centres.append(start)
    return middle[centres], which
