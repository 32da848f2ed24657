"""Fixed and slow points of one network at one constant input."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from degeneracy.devices import to_device
from degeneracy.fixed_points.completeness import unseen
from degeneracy.fixed_points.completion import empty_corners
from degeneracy.fixed_points.continua import groups, objects
from degeneracy.fixed_points.merge import MARGINAL, Points, added, none_yet, slow_among
from degeneracy.fixed_points.search import Search, chunks, search
from degeneracy.networks.population import Population


@dataclass(frozen=True)
class AtInput:
    """Arrays of the points by name, numbers of points and starts, the sum of indices, and points estimated missing."""

    points: dict[str, np.ndarray]
    counts: dict[str, int]
    index_sum: int
    missing: float
    error: float


@dataclass(frozen=True)
class Map:
    """The map F of one network at one constant input."""

    seek: Callable[[Tensor], Search]  # ends, on the CPU, of starts (start, unit)
    jacobian: Callable[[np.ndarray], np.ndarray]  # ∂F/∂h (point, unit, unit) at states (point, unit)

    def eigenvalues(self, state: np.ndarray) -> np.ndarray:
        """Eigenvalues (point, unit) of the Jacobian at states (point, unit), by decreasing modulus."""
        found = [np.zeros((0, state.shape[1]), complex)]
        for some in chunks(torch.as_tensor(state)) if len(state) else ():
            found.append(np.linalg.eigvals(self.jacobian(state[some])).astype(complex))
        values = np.concatenate(found)
        return np.take_along_axis(values, np.argsort(-abs(values), axis=1, kind="stable"), axis=1)


def starts(states: np.ndarray, count: int, noise: float, generator: np.random.Generator) -> np.ndarray:
    """Starting states (start, unit): visited states (…, unit), mixtures of two of them, and noise.

    Half of the starts are visited states. The other half are uniform on the line between two visited states, because
    saddles lie between attractors. `noise` is the SD of the added noise (state units).
    """
    states = states.reshape(-1, states.shape[-1])
    one, other = (states[generator.integers(len(states), size=count)] for _ in range(2))
    share = np.where(np.arange(count) % 2, generator.random(count), 0.0)[:, None]
    return one + share * (other - one) + noise * generator.standard_normal(one.shape)  # (start, unit)


def of_one_network(cell, network: Population, constant: np.ndarray, options: dict, generator) -> AtInput:
    """The points of one network at one constant input (input); see `find`."""
    parameters = {name: to_device(value[0], network.device) for name, value in network.parameters.items()}
    own = _map(cell, parameters, to_device(constant, network.device), options)
    exact = None
    if hasattr(cell, "exact_fixed_points"):
        exact = cell.exact_fixed_points(parameters, to_device(constant, network.device))
    states = network.states[0]
    # ASSUME: the fixed points that matter lie within about this noise of visited states or of the lines between them
    spread = np.sqrt(states.reshape(-1, states.shape[-1]).var(axis=0).mean())
    noise = options["noise"] * (spread or 1.0)  # in state units if the states never change
    points, tried, ends = none_yet(states.shape[-1]), np.zeros((0, states.shape[-1])), []
    for _ in range(1 + options["rounds"]):
        initial = exact if exact is not None else torch.as_tensor(starts(states, options["starts"], noise, generator))
        ends.append(own.seek(initial))
        points = added(points, ends[-1], True, own.eigenvalues, options)
        if exact is None:
            points, tried = _completed(own, points, tried, options, generator)
        labels = groups(points, own.seek, options)
        fixed, dimension = objects(points, labels, own.jacobian, options)
        index_sum = int(fixed.index.sum())
        missing, error = 0.0, 0.0
        if exact is None:
            missing, error = unseen(fixed.hits)
            missing = max(missing - np.sum(fixed.hits == 0), 0.0)
            if cell.bounded and not fixed.marginal.any():
                missing = max(missing, abs(1 - index_sum))
        if missing < 0.5:
            break
    slow = slow_among(ends, points.state, own.eigenvalues, options)
    counts = {
        "starts": sum(len(one.speed) for one in ends),
        "starts_converged": int(points.hits.sum()),
        "fixed_points": len(fixed.speed),
    }
    return AtInput(_arrays(fixed, dimension, slow, constant), counts, index_sum, missing, error)


def _map(cell, parameters: dict[str, Tensor], constant: Tensor, options: dict) -> Map:
    at_home, given = {name: value.cpu() for name, value in parameters.items()}, constant.cpu()

    def seek(initial: Tensor) -> Search:
        initial = initial.to(constant)
        inputs = constant.expand(len(initial), -1)
        ends = search(cell, parameters, initial, inputs, options["tolerance"], options["iterations"])
        return Search(ends.state.cpu(), ends.speed.cpu(), ends.stationary.cpu())

    def jacobian(state: np.ndarray) -> np.ndarray:
        return cell.jacobian(at_home, torch.as_tensor(state), given.expand(len(state), -1)).numpy()

    return Map(seek, jacobian)


def _completed(own: Map, points: Points, tried: np.ndarray, options: dict, generator) -> tuple[Points, np.ndarray]:
    """The points with those at empty corners of their arrangement, and all places tried, until none is new."""
    while True:
        isolated = points.state[~points.marginal]
        corners = empty_corners(isolated, tried, options["starts"], generator)
        if not len(corners):
            return points, tried
        tried = np.concatenate([tried, corners])
        points = added(points, own.seek(torch.as_tensor(corners)), False, own.eigenvalues, options)
        if np.sum(~points.marginal) == len(isolated):
            return points, tried


def _arrays(fixed: Points, dimension: np.ndarray, slow: Points, constant: np.ndarray) -> dict[str, np.ndarray]:
    """The fixed points, then the slow ones, as the arrays of the artifact."""
    state, speed, values, hits = (
        np.concatenate([getattr(fixed, name), getattr(slow, name)])
        for name in ("state", "speed", "eigenvalues", "hits")
    )
    marginal = abs(abs(values) - 1) < MARGINAL  # (point, unit)
    return {
        "state": state,
        "input": np.broadcast_to(constant, (len(state), len(constant))),
        "speed": speed,
        "converged": (np.arange(len(state)) < len(fixed.state)).astype(np.int8),
        "eigenvalues_real": values.real,
        "eigenvalues_imag": values.imag,
        "n_unstable": (~marginal & (abs(values) > 1)).sum(1).astype(np.int32),
        "n_marginal": marginal.sum(1).astype(np.int32),
        "dimension": np.concatenate([dimension, np.zeros(len(slow.state), np.int32)]).astype(np.int32),
        "hits": hits,
    }
