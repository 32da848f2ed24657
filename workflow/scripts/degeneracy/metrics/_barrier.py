"""The loss along the straight path between two networks, once their units are matched.

A network is one flat vector of parameters (parameter), in the order of `Population.parameters`. A matching is applied
to every parameter of the second network, along each dimension that counts units. (Factors of a matrix of low rank keep
the invertible matrix between them that training left.) The barrier is the largest excess of the loss on the path over
the straight line between the losses of its ends (Frankle et al. 2020; Entezari et al. 2022). On training trials the
loss is that of training, with its teacher forcing; elsewhere networks run free.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from degeneracy.devices import to_device, to_numpy
from degeneracy.errors import UserError
from degeneracy.metrics._symmetry import by_unit, kinds, signs_are_free
from degeneracy.networks.closed_loop import states_of
from degeneracy.networks.group import named
from degeneracy.networks.losses import outputs_of, step_loss
from degeneracy.networks.population import Population
from degeneracy.solvers.permutation import joint_matching_distance
from degeneracy.solvers.permutation.problem import best_vertex

SEARCHES = 2  # of a matching by weights
COMPARED = 32  # probe trials on which activity is matched
UNITS = ("unit", "source_unit")


@dataclass(frozen=True)
class Trials:
    """Trials (time, trial, …) on which losses are computed, and the kind of the loss."""

    inputs: Tensor
    targets: Tensor
    mask: Tensor
    fed_back: np.ndarray | None
    kind: str
    forcing: float  # strength of teacher forcing

    @classmethod
    def of(cls, population: Population, group: str, count: int) -> "Trials":
        """The first `count` trials of a group. Raises UserError if there are none, or no targets."""
        data = population.trials(group).isel(trial=slice(count))
        if not data.sizes["output"]:
            raise UserError(f"the {group} trials have no targets")
        arrays = (
            to_device(data[name].values, population.device).transpose(0, 1) for name in ("inputs", "targets", "mask")
        )
        options, fed_back = population.condition["training"], data["fed_back"].values if "fed_back" in data else None
        return cls(*arrays, fed_back, options["loss"], options.get("teacher_forcing", 0) if group == "train" else 0)

    def some(self, chosen: np.ndarray) -> "Trials":
        inputs, targets, mask = (part[:, torch.as_tensor(chosen)] for part in (self.inputs, self.targets, self.mask))
        return replace(self, inputs=inputs, targets=targets, mask=mask)

    def losses(self, cell, parameters: dict[str, Tensor]) -> Tensor:
        """Masked loss (network) of networks with parameters (network, …), differentiable."""
        networks = len(next(iter(parameters.values())))
        inputs, targets = (part.expand(networks, *part.shape) for part in (self.inputs, self.targets))
        if self.forcing:
            outputs = outputs_of(cell, parameters, inputs, targets, self.forcing)
        else:
            outputs = cell.readout(parameters, states_of(cell, parameters, inputs, self.fed_back))
        return self.loss_of(outputs)

    def loss_of(self, outputs: Tensor) -> Tensor:
        """Masked loss (network) of outputs (network, time, trial, output)."""
        losses = step_loss(self.kind, outputs, self.targets.expand_as(outputs))  # (network, time, trial)
        return (losses * self.mask).sum((1, 2)) / self.mask.sum()


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
        print(f"network {seed}: NaN, as its states on the probe trials are not finite")
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
    those of the networks as they are. `by_activity` is 1 where units are matched by activity and 0 where by weights:
    of the two we take what has the lower barrier on the training trials. NaN where a loss is not finite, and on OOD
    trials that are not known; a line says so.
    """
    train, ood = Trials.of(population, "train", count), None
    try:
        ood = Trials.of(population, "ood", count)
    except UserError as error:
        print(f"ood: NaN for {len(a['parameters'])} pairs: {error}")
    found = []
    for pair, (one, *others) in enumerate(_aligned(a, b, population)):
        path = Path(population, one, points)
        heights = [path.barrier(other, train) for other in others]  # by weights, by activity, as they are
        chosen = int(np.nan_to_num(heights[1], nan=np.inf) < np.nan_to_num(heights[0], nan=np.inf))
        beyond = [path.barrier(other, ood) if ood else np.nan for other in (others[chosen], others[2])]
        if not np.isfinite([heights[chosen], heights[2]]).all():
            print(f"distance: NaN for pair {pair} of {len(a['parameters'])}: the loss along the path is not finite")
        found.append((heights[chosen], beyond[0], heights[2], beyond[1], chosen))
    columns = np.array(found, float).reshape(-1, 5).T
    return dict(zip(("distance", "ood", "unaligned", "unaligned_ood", "by_activity"), columns, strict=True))


@dataclass(frozen=True)
class Path:
    """Straight paths from a network `one` (parameter)."""

    population: Population
    one: np.ndarray
    points: int

    def barrier(self, other: np.ndarray, trials: Trials) -> float:
        """The barrier between `one` and another network (parameter); NaN if a loss is not finite."""
        share = np.linspace(0, 1, self.points)
        flat = (1 - share)[:, None] * self.one + share[:, None] * other  # (point, parameter)
        with torch.no_grad():
            losses = to_numpy(trials.losses(self.population.cell, parameters_of(self.population, flat)))
        height = np.max(losses - (1 - share) * losses[0] - share * losses[-1])
        return float(max(height, 0.0)) if np.isfinite(losses).all() else np.nan


def parameters_of(population: Population, flat: np.ndarray | Tensor) -> dict[str, Tensor]:
    """Parameters (network, …) by name from flat ones (network, parameter)."""
    shapes = {name: values.shape[1:] for name, values in population.parameters.items()}
    return named(flat if isinstance(flat, Tensor) else to_device(flat, population.device), shapes)


def _aligned(a: dict, b: dict, population: Population) -> Iterator[tuple[np.ndarray, ...]]:
    """Of each pair the first network, and the second matched by weights, by activity, and as it is (parameter)."""
    matchings = matched(a, b)
    for pair, (one, other) in enumerate(zip(a["parameters"], b["parameters"], strict=True)):
        yield one, *(moved(population, other, p[pair], s[pair]) for p, s in matchings), other


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
    """Parameters (parameter) of a network whose unit i is unit p[i], with its sign multiplied by s[i]."""
    dims, parts = population.cell.parameter_dims(), []
    for name, values in parameters_of(population, flat[None]).items():
        values = to_numpy(values)[0]
        for axis, dim in enumerate(dims[name]):
            if dim in UNITS:
                values = np.take(values, p, axis) * np.expand_dims(s, [*range(1, values.ndim - axis)])
        parts.append(values.ravel())
    return np.concatenate(parts)
