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
from degeneracy.devices import to_device
from degeneracy.population import Population
from degeneracy.status import DIVERGED

# Of one matrix (point, unit, unit) of the points advanced together, of which some five are held: what a CPU's caches
# hold is fastest there, few large products on a GPU
CHUNK_BYTES = {"cpu": 2**22, "cuda": 2**30}
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
    parameters : each parameter of one network in float64.
    state, inputs : starts (point, unit) and constant inputs (point, input).
    tolerance : speed q below which a point has converged.
    iterations : most iterations a start.
    """
    parts = [
        _search_chunk(cell, parameters, state[some].clone(), inputs[some], tolerance, iterations)
        for some in _chunks(state)
    ]
    return Search(*(torch.cat([getattr(part, name) for part in parts]) for name in ("state", "speed", "stationary")))


def _chunks(state: Tensor) -> list[slice]:
    """Runs of points (point, unit) few enough for their matrices to fit into memory, at least one."""
    size = max(1, CHUNK_BYTES[state.device.type] // (state.element_size() * state.shape[1] ** 2))
    return [slice(first, first + size) for first in range(0, max(1, len(state)), size)]


def _search_chunk(cell, parameters, state, inputs, tolerance, iterations) -> Search:
    first, down, up, least = DAMPING
    damping = torch.full_like(state[:, 0], first)
    residual = cell.step(parameters, state, inputs) - state
    stationary = torch.zeros(len(state), dtype=torch.bool, device=state.device)
    active = torch.arange(len(state), device=state.device)
    for _ in range(iterations):
        active = active[(_speed(residual[active]) >= _tolerance(state[active], tolerance)) & ~stationary[active]]
        if not len(active):
            break
        old, r = state[active], residual[active]
        jacobian = cell.jacobian(parameters, old, inputs[active])  # (point, unit, unit)
        jacobian.diagonal(dim1=1, dim2=2).sub_(1)
        slope = (jacobian.mT @ r[..., None])[..., 0]  # gradient of q (point, unit)
        weight = damping[active] * r.norm(dim=1)
        normal = jacobian.mT @ jacobian  # (point, unit, unit)
        normal.diagonal(dim1=1, dim2=2).add_(weight[:, None])
        factor, failed = torch.linalg.cholesky_ex(normal)
        half = torch.linalg.solve_triangular(factor, -slope[..., None], upper=False)
        step = torch.linalg.solve_triangular(factor.mT, half, upper=True)[..., 0]
        new = old + step
        new_residual = cell.step(parameters, new, inputs[active]) - new
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


def _tolerance(state: Tensor, tolerance: float) -> Tensor:
    """Tolerance of the speed at each state: rounding grows with states much larger than 1."""
    return tolerance * state.square().mean(-1).clamp_min(1)


def _speed(residual: Tensor) -> Tensor:
    return 0.5 * residual.square().sum(-1)


def starts(
    states: np.ndarray, partners: np.ndarray, count: int, noise: float, generator: np.random.Generator
) -> np.ndarray:
    """Starting states (start, unit): states visited (…, unit), mixtures with partners (…, unit), and noise.

    Half of the starts are visited states; the other half are points between a visited state and a partner, uniformly
    along the line, because saddles lie between attractors. `noise` is the SD of what is added (state units).
    """
    # On ten 4-bit flip-flop networks (81 points) the last saddles were found later from midpoints of pairs of found
    # points, alone or as half of the starts, than from between visited states and found points.
    states, partners = (each.reshape(-1, each.shape[-1]) for each in (states, partners))
    one, other = (each[generator.integers(len(each), size=count)] for each in (states, partners))
    share = np.where(np.arange(count) % 2, generator.random(count), 0.0)[:, None]
    return one + share * (other - one) + noise * generator.standard_normal(one.shape)  # (start, unit)


def unique(state: np.ndarray, speed: np.ndarray, distance: float) -> np.ndarray:
    """Index of the slowest point of each cluster of points (point, unit) closer than `distance`, chained."""
    # thousands of starts end at one point: keep one a cell, of diagonal `distance`, before comparing all with all
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


def find(population: Population, options: dict, report=print) -> xr.Dataset:
    """Fixed points and slow points of every network of a population, at the task's constant inputs.

    A point is `converged` if its speed is below `tolerance`; local minima of the speed below `slow_tolerance` are
    kept apart as slow points. Duplicates (closer than `merge_distance`) are merged. `noise` is in units of the spread
    of the states visited (root mean square deviation from the mean, over units): states of cells differ in size.

    Whether all are found is asked in two ways. The indices sign det(I − ∂F/∂h) of all fixed points of a map of a ball
    into itself, such as a network of bounded units, add up to 1 (Lefschetz–Hopf); where those found do not, some are
    missing. And a point that one start alone has reached says that as many starts again would find more (Good 1953:
    what is seen once estimates what is not seen). In either case up to `rounds` more rounds of starts are made, some
    between visited states and the points found. Neither is a proof: points that no start comes near stay unknown.
    What doubling the starts has brought is stored: `found_by_half`, the points that one half of them, drawn alike,
    reached, to be compared with all those found, `fixed_points`.

    The starts of a network depend on its seed and `options["seed"]` alone. Networks that diverged have no points.

    Returns
    -------
    Dataset over `point`: state, network (seed), input, speed q, converged, eigenvalues of ∂F/∂h by falling modulus,
    number of eigenvalues outside the unit circle, starts that ended there (of a slow point: 0); and over `seed`: starts
    made, starts that converged, fixed points found by all and by half of them, and the sum of the indices at each
    constant input.
    """
    cell = make_cell(population.condition)
    constants = make_task(population.condition).constant_inputs()  # (condition, input)
    names = ("starts", "starts_converged", "fixed_points", "found_by_half")
    counts = {name: np.zeros(len(population.seeds), np.int32) for name in names}
    index_sum = np.zeros((len(population.seeds), len(constants)), np.int32)
    found = [_no_points(population.networks.sizes["unit"], constants.shape[1])]
    for row in np.flatnonzero(population.status != DIVERGED):
        network, seed = population.where(np.arange(len(population.seeds)) == row), int(population.seeds[row])
        generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2, options["seed"])))
        for column, constant in enumerate(constants):
            points, own, index_sum[row, column] = _of_one_network(cell, network, constant, options, generator)
            found.append(points)
            for name in names:
                counts[name][row] += own[name]
        complete = ""
        if cell.bounded and np.any(index_sum[row] != 1):
            complete = f", indices add up to {index_sum[row].tolist()}: some are missing"
        tried, reached, fixed, half = (int(counts[name][row]) for name in names)
        halved = f"{half} by half of the starts"
        report(f"network {seed}: {fixed} fixed points ({halved}), {reached} of {tried} starts converged{complete}")
    return _dataset(population, found, counts, index_sum)


def _of_one_network(cell, network: Population, constant: np.ndarray, options: dict, generator: np.random.Generator):
    """Points of one network at one constant input, counts of them and of the starts, and the sum of the indices."""
    parameters = {name: to_device(value[0], network.device) for name, value in network.parameters.items()}
    at_home = {name: value.cpu() for name, value in parameters.items()}
    states, results = network.states[0], []
    partners = states
    # ASSUME: fixed points that matter lie near the states visited or lines between them, within about this noise
    spread = np.sqrt(states.reshape(-1, states.shape[-1]).var(axis=0).mean())
    noise = options["noise"] * (spread or 1.0)  # in state units where inputs move no state
    for _ in range(1 + options["rounds"]):
        initial = to_device(starts(states, partners, options["starts"], noise, generator), network.device)
        inputs = to_device(constant, network.device).expand(len(initial), -1)
        ends = search(cell, parameters, initial, inputs, options["tolerance"], options["iterations"])
        results.append(Search(ends.state.cpu(), ends.speed.cpu(), ends.stationary.cpu()))
        joined = Search(
            *(torch.cat([getattr(one, name) for one in results]) for name in ("state", "speed", "stationary"))
        )
        points, counts, index_sum = _points(cell, at_home, joined, constant, options, int(network.seeds[0]))
        fixed = points["converged"] == 1
        if (index_sum == 1 or not cell.bounded) and not np.any(points["hits"][fixed] == 1):
            break
        if fixed.any():
            partners = points["state"][fixed]
    return points, counts, index_sum


def _points(cell, parameters: dict[str, Tensor], result: Search, constant: np.ndarray, options: dict, seed: int):
    """The distinct fixed and slow points among the ends of a search, counts, and the sum of the indices."""
    speed = result.speed.numpy()
    converged = speed < _tolerance(result.state, options["tolerance"]).numpy()
    slow = ~converged & result.stationary.numpy() & (speed < options["slow_tolerance"])
    kept = [np.zeros(0, int)]
    for candidates in (np.flatnonzero(converged), np.flatnonzero(slow)):
        if len(candidates):
            chosen = unique(result.state[candidates].numpy(), speed[candidates], options["merge_distance"])
            kept.append(candidates[chosen])
    if len(kept) == 3:  # a slow point beside a fixed point is that point, not quite reached
        distance, _ = cKDTree(result.state[kept[1]].numpy()).query(result.state[kept[2]].numpy())
        kept[2] = kept[2][distance > options["merge_distance"]] if converged.any() else kept[2]
    kept = np.concatenate(kept)
    inputs = np.broadcast_to(constant, (len(kept), len(constant)))
    eigenvalues = [np.zeros((0, result.state.shape[1]), complex)]
    for some in _chunks(result.state[kept]) if len(kept) else ():
        own = torch.as_tensor(inputs[some].copy(), dtype=torch.float64)
        jacobian = cell.jacobian(parameters, result.state[kept[some]], own).numpy()  # (point, unit, source_unit)
        eigenvalues.append(np.linalg.eigvals(jacobian).astype(complex))
    eigenvalues = np.concatenate(eigenvalues)  # (point, unit)
    eigenvalues = np.take_along_axis(eigenvalues, np.argsort(-abs(eigenvalues), axis=1, kind="stable"), axis=1)
    index = np.sign(np.prod((1 - eigenvalues) / np.maximum(abs(1 - eigenvalues), 1e-300), axis=1).real)
    hits, half = np.zeros(len(kept), np.int32), np.zeros(len(kept), np.int32)
    if converged.any():
        fixed = result.state[kept[converged[kept]]].numpy()  # the first of those kept
        _, nearest = cKDTree(fixed).query(result.state[converged].numpy())
        hits[: len(fixed)] = np.bincount(nearest, minlength=len(fixed))
        # pairs of neighbours, so that each half has as many visited states and mixtures
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


def _no_points(width: int, inputs: int) -> dict[str, np.ndarray]:
    """The arrays of a network without points, so that there is something to join even if no network has any."""
    floats = {"state": width, "input": inputs, "eigenvalues_real": width, "eigenvalues_imag": width}
    integers = {"network": np.int32, "converged": np.int8, "n_unstable": np.int32, "hits": np.int32}
    return (
        {name: np.zeros((0, size)) for name, size in floats.items()}
        | {name: np.zeros(0, dtype) for name, dtype in integers.items()}
        | {"speed": np.zeros(0)}
    )


def _dataset(population: Population, found: list[dict], counts: dict, index_sum: np.ndarray) -> xr.Dataset:
    described = {
        "network": (("point",), "seed of the network", "1"),
        "state": (("point", "unit"), "state at the point", "activation"),
        "input": (("point", "input_channel"), "constant input", "1"),
        "speed": (("point",), "speed q = |F(h, u) - h|^2 / 2", "activation squared"),
        "converged": (("point",), "1 a fixed point (speed below tolerance), 0 a slow point", "1"),
        "eigenvalues_real": (("point", "unit"), "real part of the Jacobian's eigenvalues by falling modulus", "1"),
        "eigenvalues_imag": (("point", "unit"), "imaginary part of the Jacobian's eigenvalues", "1"),
        "n_unstable": (("point",), "eigenvalues outside the unit circle", "1"),
        "hits": (("point",), "starts that ended at the fixed point", "1"),
        "starts": (("seed",), "starts made", "1"),
        "starts_converged": (("seed",), "starts that reached a fixed point", "1"),
        "fixed_points": (("seed",), "fixed points found", "1"),
        "found_by_half": (("seed",), "fixed points that one half of the starts found", "1"),
        "index_sum": (
            ("seed", "condition"),
            "sum of fixed-point indices, sign det(I - dF/dh); 1 for bounded units if none is missing",
            "1",
        ),
    }
    values = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    values |= counts | {"index_sum": index_sum}
    variables = {
        name: (dims, values[name], {"long_name": text, "units": unit}) for name, (dims, text, unit) in described.items()
    }
    return xr.Dataset(variables, coords={"seed": population.seeds})
