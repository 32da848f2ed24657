"""Fixed points of trained networks at constant input, with their stability, and slow points."""

from inspect import getfile

import numpy as np
import torch
import xarray as xr

from degeneracy.cells import state_size
from degeneracy.devices import to_device
from degeneracy.fixed_points.merge import no_points, points_of
from degeneracy.fixed_points.schema import FIXED_POINTS
from degeneracy.fixed_points.search import Search, search
from degeneracy.networks.population import Population
from degeneracy.plugins import returned
from degeneracy.status import Status


def starts(
    states: np.ndarray, partners: np.ndarray, count: int, noise: float, generator: np.random.Generator
) -> np.ndarray:
    """Starting states (start, unit): visited states (…, unit), mixtures with partners (…, unit), and noise.

    Half of the starts are visited states. The other half are uniform on the line between a visited state and a partner,
    because saddles lie between attractors. `noise` is the SD of the added noise (state units).
    """
    # On ten 4-bit flip-flop networks (81 points) these starts found the last saddles earlier than midpoints of pairs of
    # known points did, whether these were all starts or half of them.
    states, partners = (each.reshape(-1, each.shape[-1]) for each in (states, partners))
    one, other = (each[generator.integers(len(each), size=count)] for each in (states, partners))
    share = np.where(np.arange(count) % 2, generator.random(count), 0.0)[:, None]
    return one + share * (other - one) + noise * generator.standard_normal(one.shape)  # (start, unit)


def find(population: Population, options: dict, report=print) -> xr.Dataset:
    """Fixed points and slow points of every network of a population, at the constant inputs of the task.

    A point is `converged` if its speed is below `tolerance`. Other local minima with a speed below `slow_tolerance` are
    slow points. Duplicates (closer than `merge_distance`) are merged. `noise` is in units of the spread of the visited
    states (root mean square deviation from the mean, over units), because the states of different cells differ in size.

    Two checks ask whether points are missing. First, the indices sign det(I − ∂F/∂h) of all fixed points of a map of a
    ball into itself, such as a network of bounded units, add up to 1 (Lefschetz–Hopf); otherwise some are missing.
    Second, if only a single start reached a point, as many starts again would find more (Good 1953: what was seen once
    estimates what was not seen). If either check fails, we search from up to `rounds` more rounds of starts, some of
    them between visited states and the points found. Neither check is a proof: points that no start comes near stay
    unknown. To show what doubling the starts brings, `found_by_half` counts the points that a random half of the starts
    reached, for comparison with `fixed_points`, the points that all starts reached.

    A cell that solves for its fixed points (`exact_fixed_points`) is asked instead: its points are the starts, and the
    only ones, and all there are.

    The starts of a network depend only on its seed and `options["seed"]`. Networks that diverged have no points.

    Returns
    -------
    Dataset over `point`: state, network (seed), input, speed q, converged, eigenvalues of ∂F/∂h by decreasing modulus,
    number of eigenvalues outside the unit circle, number of starts that ended there (0 for a slow point); and over
    `seed`: number of starts, number of starts that converged, number of fixed points found by all starts and by half of
    them, and the sum of the indices at each constant input.
    """
    cell, task = population.cell, population.task
    constants = returned.constants(task, getfile(type(task)))  # (condition, input)
    returned.check_cell(cell, getfile(type(cell)), constants.shape[1], len(task.outputs))
    names = ("starts", "starts_converged", "fixed_points", "found_by_half")
    counts = {name: np.zeros(len(population.seeds), np.int32) for name in names}
    index_sum = np.zeros((len(population.seeds), len(constants)), np.int32)
    found = [no_points(state_size(cell), constants.shape[1])]
    for row in np.flatnonzero(population.status != Status.DIVERGED):
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
        where = f" at {len(constants)} constant inputs" if len(constants) > 1 else ""
        counted = f"{fixed} fixed points{where} ({halved})"
        report(f"network {seed}: {counted}, {reached} of {tried} starts converged{complete}")
    return _dataset(population, found, counts, index_sum)


def _of_one_network(cell, network: Population, constant: np.ndarray, options: dict, generator: np.random.Generator):
    """Points of one network at one constant input, the numbers of points and starts, and the sum of the indices."""
    parameters = {name: to_device(value[0], network.device) for name, value in network.parameters.items()}
    at_home = {name: value.cpu() for name, value in parameters.items()}
    states, results = network.states[0], []
    partners = states
    # ASSUME: the fixed points that matter lie within about this noise of visited states or of the lines between them
    spread = np.sqrt(states.reshape(-1, states.shape[-1]).var(axis=0).mean())
    noise = options["noise"] * (spread or 1.0)  # in state units if the states never change
    exact = None
    if hasattr(cell, "exact_fixed_points"):
        exact = cell.exact_fixed_points(parameters, to_device(constant, network.device))
    for _ in range(1 + options["rounds"]):
        initial = exact
        if initial is None:
            initial = to_device(starts(states, partners, options["starts"], noise, generator), network.device)
        inputs = to_device(constant, network.device).expand(len(initial), -1)
        ends = search(cell, parameters, initial, inputs, options["tolerance"], options["iterations"])
        results.append(Search(ends.state.cpu(), ends.speed.cpu(), ends.stationary.cpu()))
        joined = Search(
            *(torch.cat([getattr(one, name) for one in results]) for name in ("state", "speed", "stationary"))
        )
        points, counts, index_sum = points_of(cell, at_home, joined, constant, options, int(network.seeds[0]))
        if exact is not None:
            counts["found_by_half"] = counts["fixed_points"]
            break
        fixed = points["converged"] == 1
        if (index_sum == 1 or not cell.bounded) and not np.any(points["hits"][fixed] == 1):
            break
        if fixed.any():
            partners = points["state"][fixed]
    return points, counts, index_sum


def _dataset(population: Population, found: list[dict], counts: dict, index_sum: np.ndarray) -> xr.Dataset:
    values = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    values |= counts | {"index_sum": index_sum}
    return FIXED_POINTS.build({name: values[name] for name in FIXED_POINTS.variables}, {"seed": population.seeds})
