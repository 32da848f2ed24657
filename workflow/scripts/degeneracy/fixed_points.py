"""Fixed points of trained networks at constant input, their stability, and slow points kept apart."""

from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from torch import Tensor

from degeneracy.condition import make_cell, make_task
from degeneracy.population import DIVERGED, Population

CHUNK = 2048  # points advanced together; bounds memory at CHUNK · width² doubles a matrix
DAMPING = (1.0, 0.2, 5.0, 1e-12)  # first value, after a good step, after a poor one, least
GAIN = (0.1, 0.75)  # share of the predicted fall of q: below, a step is refused; above, the next may be bolder
STATIONARY = 1e-6  # ‖Jᵀr‖ / ‖r‖ below which a point is a local minimum of q that is no fixed point


@dataclass(frozen=True)
class Search:
    """Where starts ended: states (point, unit), speeds q (point), whether each minimises q locally (point)."""

    state: Tensor
    speed: Tensor
    stationary: Tensor


def search(
    cell, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor, tolerance: float, iterations: int
) -> Search:
    """Minimise q(h) = ½‖F(h, u) − h‖² from every start by Levenberg–Marquardt with the analytic Jacobian.

    Sussillo & Barak 2013 (eq. 1) minimise q by a first-order or trust-region method; here every start takes damped
    Gauss–Newton steps (JᵀJ + λ‖r‖ I) δ = −Jᵀr, λ following how well the linear model foretold the fall of q, so that
    convergence is quadratic and float64 reaches q < 1e-24. Starts that have converged or stand still
    leave the active set.

    Parameters
    ----------
    parameters : each parameter of the networks in float64, (network, …) indexed by point: (point, …).
    state, inputs : starts (point, unit) and constant inputs (point, input).
    tolerance : speed q below which a point has converged.
    iterations : most iterations a start.
    """
    parts = [
        _search_chunk(
            cell,
            {name: value[first : first + CHUNK] for name, value in parameters.items()},
            state[first : first + CHUNK].clone(),
            inputs[first : first + CHUNK],
            tolerance,
            iterations,
        )
        for first in range(0, len(state), CHUNK)
    ]
    return Search(*(torch.cat([getattr(part, name) for part in parts]) for name in ("state", "speed", "stationary")))


def _search_chunk(cell, parameters, state, inputs, tolerance, iterations) -> Search:
    eye = torch.eye(state.shape[1], dtype=state.dtype, device=state.device)
    first, down, up, least = DAMPING
    damping = torch.full_like(state[:, 0], first)
    residual = cell.step(parameters, state, inputs) - state
    stationary = torch.zeros(len(state), dtype=torch.bool, device=state.device)
    active = torch.arange(len(state), device=state.device)
    for _ in range(iterations):
        active = active[(_speed(residual[active]) >= tolerance) & ~stationary[active]]
        if not len(active):
            break
        own = {name: value[active] for name, value in parameters.items()}
        old, r = state[active], residual[active]
        jacobian = cell.jacobian(own, old, inputs[active]) - eye  # (point, unit, unit)
        slope = (jacobian.mT @ r[..., None])[..., 0]  # gradient of q (point, unit)
        weight = damping[active] * r.norm(dim=1)
        normal = jacobian.mT @ jacobian + weight[:, None, None] * eye  # (point, unit, unit)
        factor, failed = torch.linalg.cholesky_ex(normal)
        step = -torch.cholesky_solve(slope[..., None], factor)[..., 0]
        new = old + step
        new_residual = cell.step(own, new, inputs[active]) - new
        foretold = 0.5 * (step * (weight[:, None] * step - slope)).sum(1)  # fall of q under the linear model
        gain = (_speed(r) - _speed(new_residual)) / foretold.clamp_min(1e-300)
        better = (gain > GAIN[0]) & (failed == 0)
        state[active] = torch.where(better[:, None], new, old)
        residual[active] = torch.where(better[:, None], new_residual, r)
        scale = torch.where(gain > GAIN[1], down, torch.where(better, 1.0, up))
        damping[active] = (damping[active] * scale).clamp(least, 1e12)
        # a minimum of q: the gradient vanishes though the residual does not, or no step however short helps
        flat = slope.norm(dim=1) < STATIONARY * r.norm(dim=1)
        stationary[active] = flat | (~better & (damping[active] >= 1e10))
    return Search(state, _speed(residual), stationary)


def _speed(residual: Tensor) -> Tensor:
    return 0.5 * residual.square().sum(-1)


def starts(states: np.ndarray, count: int, noise: float, generator: np.random.Generator) -> np.ndarray:
    """Starting states (start, unit): states visited (…, unit), and mixtures of two of them, plus Gaussian noise.

    Half of the starts are visited states; the other half are points between two visited states, uniformly along the
    line, because saddles lie between attractors. `noise` is the SD of what is added (state units).
    """
    visited = states.reshape(-1, states.shape[-1])
    one, other = visited[generator.integers(len(visited), size=(2, count))]
    share = np.where(np.arange(count) % 2, generator.random(count), 0.0)[:, None]
    mixed = one + share * (other - one)  # (start, unit)
    return mixed + noise * generator.standard_normal(mixed.shape)


def unique(state: np.ndarray, speed: np.ndarray, distance: float) -> np.ndarray:
    """Index of the slowest point of each cluster of points (point, unit) closer than `distance`, chained."""
    pairs = cKDTree(state).query_pairs(distance, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(state),) * 2)
    _, cluster = connected_components(graph, directed=False)
    order = np.lexsort((speed, cluster))
    _, first = np.unique(cluster[order], return_index=True)
    return np.sort(order[first])


def find(population: Population, options: dict, report=print) -> xr.Dataset:
    """Fixed points and slow points of every network of a population, at the task's constant inputs.

    A point is `converged` if its speed is below `tolerance`; local minima of the speed below `slow_tolerance` are
    kept apart as slow points. Duplicates (closer than `merge_distance`) are merged. The starts of a network depend
    on its seed and `options["seed"]` alone. Networks that diverged in training have no points.

    Returns
    -------
    Dataset over `point`: state, network (seed), input, speed q, converged, eigenvalues of ∂F/∂h by falling modulus,
    number of eigenvalues outside the unit circle; and over `network`: starts, and starts that converged.
    """
    cell = make_cell(population.condition)
    conditions = make_task(population.condition).constant_inputs()  # (condition, input)
    usable = population.where(population.status != DIVERGED)
    found, converged_starts = [], np.zeros(len(population.seeds), np.int32)
    for index, seed in enumerate(usable.seeds):
        generator = np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=(2, options["seed"])))
        parameters = {
            name: torch.as_tensor(value[index], dtype=torch.float64).expand(options["starts"], *value[index].shape)
            for name, value in usable.parameters.items()
        }
        reached = 0
        for constant in conditions:
            initial = starts(usable.states[index], options["starts"], options["noise"], generator)
            inputs = torch.as_tensor(constant, dtype=torch.float64).expand(len(initial), -1)
            result = search(
                cell, parameters, torch.as_tensor(initial), inputs, options["tolerance"], options["iterations"]
            )
            points = _points(cell, parameters, result, constant, options)
            reached += int((result.speed < options["tolerance"]).sum())
            found.append({"network": np.full(len(points["speed"]), seed, np.int32)} | points)
        converged_starts[np.flatnonzero(population.seeds == seed)] = reached
        own = [part for part in found if len(part["network"]) and part["network"][0] == seed]
        fixed = sum(int(part["converged"].sum()) for part in own)
        report(
            f"network {seed}: {fixed} fixed points, {reached} of {len(conditions) * options['starts']} starts converged"
        )
    return _dataset(population, found, converged_starts, len(conditions) * options["starts"], len(conditions[0]))


def _points(cell, parameters, result: Search, constant: np.ndarray, options: dict) -> dict[str, np.ndarray]:
    speed = result.speed.numpy()
    converged = speed < options["tolerance"]
    slow = ~converged & result.stationary.numpy() & (speed < options["slow_tolerance"])
    kept = []
    for candidates in (np.flatnonzero(converged), np.flatnonzero(slow)):
        if len(candidates):
            kept.append(
                candidates[unique(result.state[candidates].numpy(), speed[candidates], options["merge_distance"])]
            )
    index = np.concatenate([*kept, np.zeros(0, int)]).astype(int)
    inputs = np.broadcast_to(constant, (len(index), len(constant)))
    own = {name: value[: len(index)] for name, value in parameters.items()}
    jacobian = cell.jacobian(own, result.state[index], torch.as_tensor(inputs.copy()))
    eigenvalues = np.linalg.eigvals(jacobian.numpy()) if len(index) else np.zeros((0, result.state.shape[1]), complex)
    eigenvalues = np.take_along_axis(eigenvalues, np.argsort(-abs(eigenvalues), axis=1, kind="stable"), axis=1)
    return {
        "state": result.state[index].numpy(),
        "input": inputs,
        "speed": speed[index],
        "converged": converged[index],
        "eigenvalues_real": eigenvalues.real,
        "eigenvalues_imag": eigenvalues.imag,
        "n_unstable": (abs(eigenvalues) > 1).sum(1).astype(np.int32),
    }


def _dataset(population: Population, found, converged_starts, n_starts: int, n_inputs: int) -> xr.Dataset:
    width = population.networks.sizes["unit"] if "unit" in population.networks.sizes else 0
    empty = {
        "network": np.zeros(0, np.int32),
        "state": np.zeros((0, width)),
        "input": np.zeros((0, n_inputs)),
        "speed": np.zeros(0),
        "converged": np.zeros(0, bool),
        "eigenvalues_real": np.zeros((0, width)),
        "eigenvalues_imag": np.zeros((0, width)),
        "n_unstable": np.zeros(0, np.int32),
    }
    joined = {name: np.concatenate([none, *(part[name] for part in found)]) for name, none in empty.items()}
    described = {
        "network": (("point",), "seed of the network", "1"),
        "state": (("point", "unit"), "state at the point", "activation"),
        "input": (("point", "input_channel"), "constant input", "1"),
        "speed": (("point",), "speed q = |F(h, u) - h|^2 / 2", "activation squared"),
        "converged": (("point",), "1 a fixed point (speed below tolerance), 0 a slow point", "1"),
        "eigenvalues_real": (("point", "unit"), "real part of the Jacobian's eigenvalues by falling modulus", "1"),
        "eigenvalues_imag": (("point", "unit"), "imaginary part of the Jacobian's eigenvalues", "1"),
        "n_unstable": (("point",), "eigenvalues outside the unit circle", "1"),
    }
    data = xr.Dataset(
        {
            name: (
                dims,
                joined[name].astype(np.int8) if name == "converged" else joined[name],
                {"long_name": text, "units": unit},
            )
            for name, (dims, text, unit) in described.items()
        }
    )
    data["starts_converged"] = (
        "seed",
        converged_starts,
        {"long_name": f"starts of {n_starts} that reached a fixed point", "units": "1"},
    )
    return data.assign_coords(seed=population.seeds).assign_attrs(starts=n_starts)
