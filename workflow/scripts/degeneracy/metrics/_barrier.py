"""The loss along the straight path between two networks, once their units are matched.

A network is one flat vector of parameters (parameter), in the order of `Population.parameters`. A matching is applied
to every parameter of the second network, along each dimension that counts units. (Factors of a matrix of low rank keep
the invertible matrix between them that training left.) The barrier is the largest excess of the loss on the path over
the straight line between the losses of its ends (Frankle et al. 2020; Entezari et al. 2022).
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from degeneracy.devices import to_device, to_numpy
from degeneracy.errors import UserError
from degeneracy.metrics._symmetry import by_unit, kinds, signs_are_free
from degeneracy.metrics._trials import Trials
from degeneracy.networks.group import named
from degeneracy.networks.population import Population
from degeneracy.solvers.permutation import joint_matching_distance
from degeneracy.solvers.permutation.problem import best_vertex

SEARCHES = 2  # of a matching by weights
COMPARED = 32  # probe trials on which activity is matched
AT_ONCE = 2  # points of a path; the states of more take memory that the system hands out, and clears, each time
UNITS = ("unit", "source_unit")


def features_of(population: Population) -> dict[str, np.ndarray]:
    """What the networks are matched by, and their parameters (network, parameter).

    `weights` (network, unit, source_unit) and `owned` (network, unit, feature), whether signs are free (`signed`), and
    the standardised states of the units on some probe trials, `activity` (network, sample, unit).
    """
    weights, owned = by_unit(population)
    count, kind = len(weights), kinds(population)
    if np.ptp(kind):  # a feature so large that no matching of units of two kinds has the least distance
        gap = np.sqrt(2 * (np.square(weights).sum((1, 2)) + np.square(owned).sum((1, 2))))  # (network)
        owned = np.concatenate([owned, gap[:, None, None] * kind[:, None]], axis=2)
    flat = np.concatenate([values.reshape(count, -1) for values in population.parameters.values()], axis=1)
    activity = np.stack([_standardised(states, weights.shape[-1]) for states in population.states_of_each(COMPARED)])
    for seed in population.seeds[~np.isfinite(activity).all((1, 2))]:
        print(f"network {seed}: NaN, because its states on the probe trials are not finite")
    signed = np.full(count, signs_are_free(population))
    return {
        "parameters": flat.astype(float),
        "weights": weights,
        "owned": owned,
        "signed": signed,
        "activity": activity,
        "kind": np.tile(kind, (count, 1)),
    }


def _standardised(states: np.ndarray, width: int) -> np.ndarray:
    """States (trial, time, unit) of a network as (sample, unit), each unit of mean 0 and norm 1, or 0 if constant.

    If units have several states, each is a sample.
    """
    samples = states.reshape(-1, width)
    samples = samples - samples.mean(0)
    norms = np.linalg.norm(samples, axis=0)
    constant = norms < 1e-9 * np.sqrt(len(samples))
    return (samples / np.where(constant, np.inf, norms)).astype(np.float32)


def between(a: dict, b: dict, population: Population, points: int, count: int) -> dict[str, np.ndarray]:
    """Barriers (pair) of pairs of networks, from their features, on the first `count` training and OOD trials.

    `distance` and `ood` are those after matching, on training and on OOD trials; `unaligned` and `unaligned_ood`
    those of the networks as they are, and `by_activity` is that of `aligned`.
    """
    train, ood = Trials.of(population, "train", count), ood_trials(population, count)
    found, one, other = aligned(a, b, population, points, train), a["parameters"], b["parameters"]
    return {
        "distance": found.barrier,
        "ood": barriers(one, found.parameters, population, points, ood),
        "unaligned": barriers(one, other, population, points, train),
        "unaligned_ood": barriers(one, other, population, points, ood),
        "by_activity": found.by_activity.astype(float),
    }


def ood_trials(population: Population, count: int) -> Trials | None:
    """The first `count` OOD trials, or None and a line in the log if they are not known."""
    try:
        return Trials.of(population, "ood", count)
    except UserError as error:
        print(f"ood: NaN, because {error}")
        return None


class Aligned(NamedTuple):
    """Second networks of pairs, with their units matched to those of the first."""

    p: np.ndarray  # (pair, unit)
    s: np.ndarray  # (pair, unit)
    parameters: np.ndarray  # (pair, parameter)
    barrier: np.ndarray  # (pair), on the training trials
    by_activity: np.ndarray  # (pair): whether units are matched by activity, and not by weights


def aligned(a: dict, b: dict, population: Population, points: int, train: Trials) -> Aligned:
    """The networks of b matched by their weights or by their activity: what has the lower barrier on the trials."""
    matchings = matched(a, b)
    candidates = [moved(population, b["parameters"], *each) for each in matchings]
    heights = np.stack([barriers(a["parameters"], each, population, points, train) for each in candidates])
    chosen = np.nan_to_num(heights, nan=np.inf).argmin(0)  # (pair)
    found = [np.choose(chosen[:, None], parts) for parts in (*zip(*matchings, strict=True), candidates)]
    return Aligned(*found, np.choose(chosen, heights), chosen == 1)


def barriers(
    one: np.ndarray, other: np.ndarray, population: Population, points: int, trials: Trials | None
) -> np.ndarray:
    """Barriers (pair) on the straight paths between networks (pair, parameter).

    NaN where a loss is not finite, which a line in the log says, and without trials.
    """
    share, heights = np.linspace(0, 1, points), np.full(len(one), np.nan)
    if trials is None:
        return heights
    for pair, (begin, end) in enumerate(zip(one, other, strict=True)):
        flat = (1 - share)[:, None] * begin + share[:, None] * end  # (point, parameter)
        parts = (parameters_of(population, part) for part in np.split(flat, range(AT_ONCE, points, AT_ONCE)))
        with torch.no_grad():
            losses = np.concatenate([to_numpy(trials.losses(population.cell, part)) for part in parts])
        if np.isfinite(losses).all():
            heights[pair] = max(np.max(losses - (1 - share) * losses[0] - share * losses[-1]), 0)
    if undefined := np.isnan(heights).sum():
        print(f"{undefined} of {len(heights)} paths: NaN, because the loss along the path is not finite")
    return heights


def parameters_of(population: Population, flat: np.ndarray | Tensor) -> dict[str, Tensor]:
    """Parameters (network, …) by name from flat ones (network, parameter)."""
    shapes = {name: values.shape[1:] for name, values in population.parameters.items()}
    return named(flat if isinstance(flat, Tensor) else to_device(flat, population.device), shapes)


def matched(a: dict, b: dict) -> list[tuple[np.ndarray, np.ndarray]]:
    """Matchings p and s (pair, unit) of the units of b to those of a: by all their weights, and by their activity.

    By weights: the matrix and all else that a unit owns, together (weight matching of Ainsworth et al. 2023, here with
    signs). By activity: the assignment of the largest sum of (absolute) correlations, which is also one of the starts
    of the search by weights. The search ends in local minima, so it is given the units in an order and with signs that
    do not depend on those in the network.
    """
    signed = bool(np.all(a["signed"] & b["signed"]))
    (a, first, first_signs), (b, second, second_signs) = _ordered(a, signed), _ordered(b, signed)
    correlations = a["activity"].mT.astype(float) @ b["activity"]  # (pair, unit, unit)
    apart = a["kind"][:, :, None] != b["kind"][:, None]
    correlations = np.where(apart, -2.0 * len(correlations[0]), correlations)
    p, s = map(np.stack, zip(*(best_vertex(each, signed) for each in correlations), strict=True))
    found = joint_matching_distance(
        a["weights"], a["owned"], b["weights"], b["owned"], signed, searches=SEARCHES, extra_starts=p
    )
    back = first.argsort(1)

    def as_given(p: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        s = first_signs * s * np.take_along_axis(second_signs, p, 1)
        return tuple(np.take_along_axis(x, back, 1) for x in (np.take_along_axis(second, p, 1), s))

    return [as_given(found.permutation, found.signs), as_given(p, s)]


def _ordered(own: dict, signed: bool) -> tuple[dict, np.ndarray, np.ndarray]:
    """Features of networks with units by the size of their incoming weights, and with signs that make the sum of what
    each of them owns positive; the old place of each unit, and its sign (network, unit).
    """
    order = np.square(own["weights"]).sum(2).argsort(1)
    signs = np.take_along_axis(np.where(signed & (own["owned"].sum(2) < 0), -1.0, 1.0), order, 1)
    by_unit = {
        name: np.take_along_axis(own[name], order[..., None], 1) * signs[..., None] for name in ("weights", "owned")
    }
    along = order[:, None], signs[:, None]
    by_unit["weights"], by_unit["activity"] = (
        np.take_along_axis(each, along[0], 2) * along[1] for each in (by_unit["weights"], own["activity"])
    )
    return own | by_unit | {"kind": np.take_along_axis(own["kind"], order, 1)}, order, signs


def moved(population: Population, flat: np.ndarray, p: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Parameters (network, parameter) of networks whose unit i is unit p[i], with its sign multiplied by s[i].

    p and s are (network, unit).
    """
    dims, parts = population.cell.parameter_dims(), []
    for name, tensor in parameters_of(population, flat).items():
        values = to_numpy(tensor)
        for axis, dim in enumerate(dims[name], start=1):
            if dim in UNITS:
                places, signs = (np.expand_dims(x, [i for i in range(1, values.ndim) if i != axis]) for x in (p, s))
                values = np.take_along_axis(values, places, axis) * signs
        parts.append(values.reshape(len(values), -1))
    return np.concatenate(parts, axis=1)
