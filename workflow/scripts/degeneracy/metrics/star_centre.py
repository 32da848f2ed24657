"""Is there one network that has a low loss barrier to all others, the centre of a star (Sonthalia et al. 2024)?

The value of a network is its mean barrier to the other networks, on training trials and after their units were matched,
as under `barrier`; `ood` is the same out of distribution. The network of the least mean is the centre of the population
(`is_centre`), and `to_centre` is the barrier of each network to it.

A centre can also be trained: of each half of the networks (every other one) we take the centre, and train it for
`steps` steps of Adam, with the learning rate of the condition, on the mean loss at random points of its paths to the
other networks of its half, with their units matched to it. `to_trained` is the barrier of each network to the centre
of the other half, which was not trained towards it and has the loss `trained_loss`, with their units matched to it as
it was before; NaN for fewer than four networks. Sonthalia et al. draw one network and one point a step; we take all
networks, a point each [ours].
"""

from typing import Annotated, NamedTuple

import numpy as np
import torch

from degeneracy.devices import to_device, to_numpy
from degeneracy.metrics import _barrier
from degeneracy.metrics._trials import Trials
from degeneracy.networks.group import ADAM
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
    steps: Annotated[int, Range(0)] = 100,
) -> dict[str, np.ndarray]:
    """Mean barriers (network), which network is the centre, barriers to it and to trained centres, and their losses."""
    features, train = _barrier.features_of(population), Trials.of(population, "train", trials)
    matrices = _between_all(features, population, points, train, _barrier.ood_trials(population, trials))
    count = len(population.seeds)
    others = np.where(np.eye(count, dtype=bool), np.nan, 1.0)
    means = _mean(matrices.barrier * others)
    centre = _least(means)
    to_trained, loss = _to_trained(features["parameters"], matrices, population, points, train, steps)
    return {
        "value": means,
        "ood": _mean(matrices.ood * others),
        "is_centre": (np.arange(count) == centre) & np.isfinite(means),
        "to_centre": matrices.barrier[centre],
        "to_trained": to_trained,
        "trained_loss": loss,
    }


class Matrices(NamedTuple):
    """Barriers between all networks; those of a network to itself are 0, those of one without features NaN."""

    barrier: np.ndarray  # (network, network_other)
    ood: np.ndarray  # (network, network_other)
    p: np.ndarray  # (network, network_other, unit): the units of the other one that match those of the first
    s: np.ndarray  # (network, network_other, unit): their signs


def _between_all(features: dict, population, points: int, train: Trials, ood: Trials | None) -> Matrices:
    count, width = len(population.seeds), features["weights"].shape[-1]
    barrier, beyond = (np.where(np.eye(count, dtype=bool), 0.0, np.nan) for _ in range(2))
    matrices = Matrices(barrier, beyond, np.zeros((count, count, width), int), np.ones((count, count, width)))
    pairs = np.stack(np.triu_indices(count, 1), axis=1)
    known = np.isfinite(features["activity"]).all((1, 2)) & np.isfinite(features["parameters"]).all(1)
    pairs = pairs[known[pairs].all(1)]
    for begin in range(0, len(pairs), PAIRS_AT_ONCE):
        rows, columns = pairs[begin : begin + PAIRS_AT_ONCE].T
        a, b = ({name: values[chosen] for name, values in features.items()} for chosen in (rows, columns))
        found = _barrier.aligned(a, b, population, points, train)
        barrier[rows, columns] = barrier[columns, rows] = found.barrier
        beyond[rows, columns] = beyond[columns, rows] = _barrier.barriers(
            a["parameters"], found.parameters, population, points, ood
        )
        inverse = found.p.argsort(1)
        matrices.p[rows, columns], matrices.p[columns, rows] = found.p, inverse
        matrices.s[rows, columns], matrices.s[columns, rows] = found.s, np.take_along_axis(found.s, inverse, 1)
    return matrices


def _mean(matrix: np.ndarray) -> np.ndarray:
    """Mean (network) over what is known of each row; NaN for a row of which nothing is."""
    known = np.isfinite(matrix)
    return np.where(known.any(1), np.where(known, matrix, 0).sum(1) / np.maximum(known.sum(1), 1), np.nan)


def _least(values: np.ndarray) -> int:
    return int(np.nan_to_num(values, nan=np.inf).argmin())


def _to_trained(
    flat: np.ndarray, matrices: Matrices, population, points: int, train: Trials, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Barrier (network) to the trained centre of the other half of the networks (network, parameter), and its loss."""
    known = np.flatnonzero(np.isfinite(matrices.barrier).sum(1) > 1)
    found, loss, halves = np.full(len(flat), np.nan), np.full(len(flat), np.nan), (known[::2], known[1::2])
    for own, other in (halves, halves[::-1]) if len(known) > 3 else ():
        within = np.where(np.eye(len(own), dtype=bool), np.nan, matrices.barrier[np.ix_(own, own)])
        centre = own[_least(_mean(within))]
        ends, beyond = (
            _barrier.moved(population, flat[part], matrices.p[centre, part], matrices.s[centre, part])
            for part in (own[own != centre], other)
        )
        trained = _trained(flat[centre], ends, population, steps)[None]
        found[other] = _barrier.barriers(trained.repeat(len(other), 0), beyond, population, points, train)
        with torch.no_grad():
            loss[other] = train.losses(population.cell, _barrier.parameters_of(population, trained)).item()
    return found, loss


def _trained(start: np.ndarray, ends: np.ndarray, population, steps: int) -> np.ndarray:
    """A centre (parameter) after training on its paths to other networks (network, parameter), matched to it."""
    flat, others = (to_device(each, population.device) for each in (start.copy(), ends))
    flat.requires_grad_()
    train, generator = Trials.of(population, "train", TRAINED_ON), np.random.default_rng(0)
    scale = getattr(population.cell, "learning_rate_scale", 1)
    rate = population.condition["training"].get("learning_rate", RATE) * scale
    mean, square, (decay, decay_square) = torch.zeros_like(flat), torch.zeros_like(flat), ADAM["betas"]
    for step in range(1, steps + 1):
        share = to_device(generator.uniform(size=(len(others), 1)), population.device)
        batch = train.some(generator.integers(train.inputs.shape[1], size=BATCH))
        between = _barrier.parameters_of(population, (1 - share) * flat + share * others)
        (gradient,) = torch.autograd.grad(batch.losses(population.cell, between).mean(), flat)
        with torch.no_grad():  # Adam, here because that of torch takes a second or two to load
            mean.lerp_(gradient, 1 - decay)
            square.lerp_(gradient.square(), 1 - decay_square)
            size = (square / (1 - decay_square**step)).sqrt() + ADAM["epsilon"]
            flat -= rate * mean / (1 - decay**step) / size
    return to_numpy(flat.detach())
