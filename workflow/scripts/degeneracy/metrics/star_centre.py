"""Is there one network that has a low loss barrier to all others, the centre of a star (Sonthalia et al. 2024)?

The value of a network is its mean barrier to the other networks, on training trials and after their units were matched,
as under `barrier`; `ood` is the same out of distribution. The network of the least mean is the centre of the population
(`is_centre`), and `to_centre` is the barrier of each network to it.

A centre can also be trained: of each half of the networks (every other one) we take the centre, and train it for
`steps` steps of Adam, with the learning rate of the condition, on the mean loss at random points of its paths to the
other networks of its half, with their units matched to it. `to_trained` is the barrier of each network to the centre
of the other half, which was not trained towards it; NaN for fewer than four networks. Sonthalia et al. draw one network
and one point a step; we take all networks, a point each [ours].
"""

from dataclasses import replace
from typing import Annotated

import numpy as np
import torch

from degeneracy.devices import to_device, to_numpy
from degeneracy.metrics import _barrier
from degeneracy.metrics._barrier import Trials
from degeneracy.plugins.options import Range

LEVEL = "weights"
MEASURES = {
    "value": ("mean loss barrier to the other networks", "output units squared"),
    "ood": ("mean loss barrier to the other networks, out of distribution", "output units squared"),
}
SYMMETRY = "signed"
RANGE = {"value": (0, None), "ood": (0, None)}
NEEDS = ("weights", "readout", "targets")
ONE_MATRIX = True
AMONG_OTHERS = True
PAIRS_AT_ONCE = 64
TRAINED_ON, BATCH = 1024, 32  # trials on which a centre is trained, and those of a step
RATE = 0.001  # where the condition has no learning rate


def value(
    population,
    *,
    points: Annotated[int, Range(3)] = 11,
    trials: Annotated[int, Range(1)] = 64,
    steps: Annotated[int, Range(0)] = 200,
) -> dict[str, np.ndarray]:
    """Mean barriers (network), which network is the centre, and barriers to it and to trained centres."""
    features = _barrier.features_of(population)
    count = len(population.seeds)
    matrices = _between_all(features, population, points, trials)
    others = np.where(np.eye(count, dtype=bool), np.nan, 1.0)
    means = {name: _mean(matrix * others) for name, matrix in matrices.items()}
    centre = _least(means["distance"])
    return {
        "value": means["distance"],
        "ood": means["ood"],
        "is_centre": np.arange(count) == centre,
        "to_centre": matrices["distance"][centre],
        "to_trained": _to_trained(features, matrices["distance"], population, points, trials, steps),
    }


def _between_all(features: dict, population, points: int, trials: int) -> dict[str, np.ndarray]:
    """Barriers (network, network_other) between all networks; 0 on the diagonal, NaN for networks without features."""
    count = len(population.seeds)
    pairs = np.stack(np.triu_indices(count, 1), axis=1)
    known = np.isfinite(features["activity"]).all((1, 2)) & np.isfinite(features["parameters"]).all(1)
    matrices = {name: np.where(np.eye(count, dtype=bool), 0.0, np.nan) for name in ("distance", "ood")}
    pairs = pairs[known[pairs].all(1)]
    for begin in range(0, len(pairs), PAIRS_AT_ONCE):
        rows, columns = pairs[begin : begin + PAIRS_AT_ONCE].T
        found = _barrier.between(_taken(features, rows), _taken(features, columns), population, points, trials)
        for name, matrix in matrices.items():
            matrix[rows, columns] = matrix[columns, rows] = found[name]
    return matrices


def _taken(features: dict, chosen: np.ndarray) -> dict:
    return {name: values[chosen] for name, values in features.items()}


def _mean(matrix: np.ndarray) -> np.ndarray:
    """Mean (network) over what is known of each row; NaN for a row of which nothing is."""
    known = np.isfinite(matrix)
    return np.where(known.any(1), np.where(known, matrix, 0).sum(1) / np.maximum(known.sum(1), 1), np.nan)


def _least(values: np.ndarray) -> int:
    return int(np.nan_to_num(values, nan=np.inf).argmin())


def _to_trained(features, distance, population, points: int, trials: int, steps: int) -> np.ndarray:
    """Barrier (network) to the trained centre of the other half of the networks."""
    known = np.flatnonzero(np.isfinite(distance).sum(1) > 1)
    found, halves = np.full(len(distance), np.nan), (known[::2], known[1::2])
    for own, other in (halves, halves[::-1]):
        if len(own) < 2:
            return np.full(len(distance), np.nan)
        within = np.where(np.eye(len(own), dtype=bool), np.nan, distance[np.ix_(own, own)])
        centre = own[_least(_mean(within))]
        flat = _trained(features, centre, own[own != centre], population, steps)
        made = _barrier.features_of(_with_parameters(population, centre, flat))
        repeated = {name: np.repeat(values, len(other), 0) for name, values in made.items()}
        found[other] = _barrier.between(repeated, _taken(features, other), population, points, trials)["distance"]
    return found


def _trained(features, centre: int, others: np.ndarray, population, steps: int) -> np.ndarray:
    """A centre (parameter) that was trained on the paths to other networks, which are matched by their weights."""
    a, b = _taken(features, np.repeat(centre, len(others))), _taken(features, others)
    p, s = _barrier.matched(a, b)[0]
    ends = [_barrier.moved(population, *each) for each in zip(b["parameters"], p, s, strict=True)]
    ends = to_device(np.stack(ends), population.device)  # (network, parameter)
    flat = to_device(features["parameters"][centre], population.device).requires_grad_()
    train, generator = Trials.of(population, "train", TRAINED_ON), np.random.default_rng(0)
    rate = population.condition["training"].get("learning_rate", RATE) * getattr(
        population.cell, "learning_rate_scale", 1
    )
    optimiser = torch.optim.Adam([flat], lr=rate)
    for _ in range(steps):
        share = to_device(generator.uniform(size=(len(others), 1)), population.device)
        batch = train.some(generator.integers(train.inputs.shape[1], size=BATCH))
        between = _barrier.parameters_of(population, (1 - share) * flat + share * ends)
        optimiser.zero_grad()
        batch.losses(population.cell, between).mean().backward()
        optimiser.step()
    return to_numpy(flat.detach())


def _with_parameters(population, network: int, flat: np.ndarray):
    """A population of one network with other parameters (parameter)."""
    one = population.where(np.arange(len(population.seeds)) == network)
    parameters = _barrier.parameters_of(population, flat[None])
    data = {name: (one.networks[name].dims, to_numpy(values)) for name, values in parameters.items()}
    return replace(one, networks=one.networks.assign(data))
