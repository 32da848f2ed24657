"""Fixed points of trained networks at constant input, with their stability, and slow points."""

from inspect import getfile

import numpy as np
import xarray as xr

from degeneracy.cells import state_size
from degeneracy.fixed_points.at_input import of_one_network
from degeneracy.fixed_points.completeness import share_found
from degeneracy.fixed_points.schema import FIXED_POINTS
from degeneracy.networks.population import Population
from degeneracy.plugins import returned
from degeneracy.status import Status

COUNTS = ("starts", "starts_converged", "fixed_points")


def find(population: Population, options: dict, report=print) -> xr.Dataset:
    """Fixed points and slow points of every network of a population, at the constant inputs of the task.

    A point is `converged` if its speed is below `tolerance`. Other local minima with a speed below `slow_tolerance` are
    slow points. Duplicates (closer than `merge_distance`) are merged. `noise` is in units of the spread of the visited
    states (root mean square deviation from the mean, over units), because the states of different cells differ in size.
    A continuum of fixed points is one point with a `dimension` (`continua`).

    Starts are drawn at random. Each round of starts is followed by starts at places where the arrangement of the points
    found suggests further ones (`completion`), until these bring nothing new. Two checks then ask whether points are
    missing. First, the indices sign det(I − ∂F/∂h) of all fixed points of a map of a ball into itself, such as a
    network of bounded units, add up to 1 (Lefschetz–Hopf) if no point is marginal; otherwise at least the difference is
    missing. Second, how often the drawn starts reached each point estimates how many they did not reach
    (`completeness`); what the completion found beyond them is subtracted. If a point or more is missing by either
    check, we search from up to `rounds` more rounds of starts. `completeness` is the share of the points that was
    found, as estimated at the end. It is no proof: points that no start comes near stay unknown.

    A cell that solves for its fixed points (`exact_fixed_points`) is asked instead: its points are the starts, and the
    only ones, and all there are.

    The starts of a network depend only on its seed and `options["seed"]`. Networks that diverged have no points.

    Returns
    -------
    Dataset over `point`: state, network (seed), input, speed q, converged, eigenvalues of ∂F/∂h by decreasing modulus,
    number of eigenvalues outside the unit circle and on it, dimension, and number of drawn starts that ended there (0
    for a slow point, and for a point that the completion alone found); and over `seed`: number of drawn starts, number
    of these that converged, number of fixed points found, the estimated share of all points that they are, its standard
    error, and the sum of the indices at each constant input.
    """
    cell, task, seeds = population.cell, population.task, population.seeds
    constants = returned.constants(task, getfile(type(task)))  # (condition, input)
    returned.check_cell(cell, getfile(type(cell)), constants.shape[1], len(task.outputs))
    counts = {name: np.zeros(len(seeds), np.int32) for name in COUNTS}
    shares = {name: np.full(len(seeds), np.nan) for name in ("completeness", "completeness_error")}
    index_sum = np.zeros((len(seeds), len(constants)), np.int32)
    found = [_no_points(state_size(cell), constants.shape[1])]
    for row in np.flatnonzero(population.status != Status.DIVERGED):
        network = population.where(np.arange(len(seeds)) == row)
        generator = np.random.default_rng(np.random.SeedSequence(int(seeds[row]), spawn_key=(2, options["seed"])))
        missing = variance = 0.0
        for column, constant in enumerate(constants):
            part = of_one_network(cell, network, constant, options, generator)
            found.append(part.points | {"network": np.full(len(part.points["speed"]), seeds[row], np.int32)})
            index_sum[row, column] = part.index_sum
            missing, variance = missing + part.missing, variance + part.error**2
            for name in COUNTS:
                counts[name][row] += part.counts[name]
        share = share_found(int(counts["fixed_points"][row]), missing, np.sqrt(variance))
        shares["completeness"][row], shares["completeness_error"][row] = share
        report(_line(int(seeds[row]), {name: int(counts[name][row]) for name in COUNTS}, share, len(constants)))
    values = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    values |= counts | shares | {"index_sum": index_sum}
    return FIXED_POINTS.build({name: values[name] for name in FIXED_POINTS.variables}, {"seed": seeds})


def _line(seed: int, counts: dict[str, int], share: tuple[float, float], inputs: int) -> str:
    """What the log says of a network."""
    where = f" at {inputs} constant inputs" if inputs > 1 else ""
    of_all = f"about {share[0]:.1%} ± {share[1]:.1%} of all" if counts["fixed_points"] else "none found"
    reached = f"{counts['starts_converged']} of {counts['starts']} starts converged"
    return f"network {seed}: {counts['fixed_points']} fixed points{where} ({of_all}), {reached}"


def _no_points(states: int, inputs: int) -> dict[str, np.ndarray]:
    """The arrays of a network without points, so that concatenation works even if no network has any."""
    floats = {"state": states, "input": inputs, "eigenvalues_real": states, "eigenvalues_imag": states}
    integers = dict.fromkeys(("network", "n_unstable", "n_marginal", "dimension", "hits"), np.int32)
    return (
        {name: np.zeros((0, size)) for name, size in floats.items()}
        | {name: np.zeros(0, dtype) for name, dtype in (integers | {"converged": np.int8}).items()}
        | {"speed": np.zeros(0)}
    )
