"""Linear models of the dynamics of a network: operators that advance its delay-embedded states, with or without inputs.

We never hold the embedded states (the Hankel matrix) in memory, only their Gram matrix, which sums over trials and
times, and their `rank` principal scores.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy.linalg import eigh, eigvalsh

from degeneracy.errors import UserError
from degeneracy.plugins.options import Range
from degeneracy.status import Status

RESOLVED = 1e-14  # of the largest squared singular value: what is below it in a Gram matrix is rounding


@dataclass(frozen=True)
class Embedding:
    """Reduced delay embedding of one network's states.

    scores  (trial, window, rank) coordinates along the principal directions, of unit RMS along each
    gram    the smaller Gram matrix of the embedded states
    shape   samples and dimensions of the embedded states
    """

    scores: np.ndarray
    gram: np.ndarray
    shape: tuple[int, int]


@dataclass(frozen=True)
class Options:
    """Options of every metric of these operators.

    delays    states in one embedded state
    interval  steps between two of them
    rank      principal directions of the embedded states that are kept
    """

    delays: Annotated[int, Range(1)] = 5
    interval: Annotated[int, Range(1)] = 1
    rank: Annotated[int, Range(1)] = 10

    def embed(self, states: np.ndarray, name: str) -> Embedding:
        """The reduced delay embedding of states (trial, time, unit); see `embed`."""
        return embed(states, self.delays, self.interval, self.rank, name)


def embed(states: np.ndarray, delays: int, interval: int, rank: int, name: str = "states") -> Embedding:
    """Reduce the windows [x(t), x(t + interval), …] of `delays` states (trial, time, unit) to `rank` scores.

    We project the embedded states on their first `rank` right-singular directions and scale them to unit RMS along
    each, without removing the mean, as the reference does. At full rank, an invertible linear change of the states
    therefore only rotates the scores. The directions are the eigenvectors of the smaller Gram matrix, summed in
    float64. This squares the condition number: it finds a direction whose singular value is a fraction s of the largest
    to about 1e-16 / s² (the Hankel matrix itself would give 1e-16 / s), and none below s = 1e-7.
    Raises UserError, naming `name`, for states that are not finite or all zero, trials too short for the delays, and a
    rank above that of the embedded states.
    """
    trials, steps, width = states.shape
    windows = steps - (delays - 1) * interval
    if windows < 2:
        apart = "" if interval == 1 else f" {interval} steps apart"
        raise UserError(
            f"{name}: trials of {steps} steps are too short for {delays} delays{apart}; "
            f"they must have at least {(delays - 1) * interval + 2} steps"
        )
    if not np.isfinite(states).all():
        raise UserError(f"{name}: its states have NaN or infinite entries")
    shape = trials * windows, width * delays
    if rank > min(shape):
        raise UserError(f"{name}: rank {rank} is more than the {min(shape)} dimensions of the embedded states")
    shifted = [states[:, delay * interval : delay * interval + windows] for delay in range(delays)]
    narrow = shape[1] <= shape[0]
    gram = _gram_of_dimensions(states, shifted, interval) if narrow else _gram_of_samples(shifted)
    power, directions = eigh(gram, subset_by_index=[len(gram) - rank, len(gram) - 1])
    if not power[-1] > 0:
        raise UserError(f"{name}: its states are zero throughout")
    has = int((power > power[-1] * RESOLVED).sum())  # the rank of the embedded states, if it is below `rank`
    if has < rank:
        raise UserError(f"{name}: rank {rank} is above the rank {has} of the embedded states; choose a lower rank")
    power, directions = power[::-1], directions[:, ::-1]  # largest first
    if narrow:
        parts = (directions / np.sqrt(power)).reshape(delays, width, rank)
        scores = sum(each @ part for each, part in zip(shifted, parts, strict=True))  # (trial, window, rank)
    else:
        scores = directions.reshape(trials, windows, rank)
    return Embedding(np.sqrt(shape[0]) * scores, gram, shape)


def _gram_of_dimensions(states: np.ndarray, shifted: list[np.ndarray], interval: int) -> np.ndarray:
    """HᵀH (delay · unit, delay · unit) of the Hankel matrix H, from products of states and of the ends of trials.

    The block of delays (i + 1, j + 1) sums over the same pairs of states as the block of (i, j), without the first
    `interval` windows and with as many more at the end.
    """
    delays, width, windows = len(shifted), states.shape[-1], shifted[0].shape[1]
    gram = np.empty((delays, width, delays, width))
    for lag in range(delays):
        block = _product(shifted[0], shifted[lag])
        for first in range(delays - lag):
            if first:
                begin, other = (first - 1) * interval, (first - 1 + lag) * interval
                ends = [
                    _product(states[:, begin + at :][:, :interval], states[:, other + at :][:, :interval])
                    for at in (0, windows)
                ]
                block = block - ends[0] + ends[1]
            gram[first, :, first + lag], gram[first + lag, :, first] = block, block.T
    return gram.reshape(delays * width, delays * width)


def _gram_of_samples(shifted: list[np.ndarray]) -> np.ndarray:
    """HHᵀ (trial · window, trial · window) of the Hankel matrix H."""
    flat = (each.reshape(-1, each.shape[-1]) for each in shifted)
    return sum(each @ each.T for each in flat)


def _product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Σ x yᵀ (unit, unit) over trials and times."""
    return np.tensordot(x, y, axes=((0, 1), (0, 1)))


def optimal_rank(embedding: Embedding) -> int:
    """Number of singular values of the embedded states above the optimal hard threshold for unknown noise.

    Source: Gavish & Donoho 2014, eq. 5, for a low-rank matrix in white noise. This is only a suggestion, because the
    entries of a Hankel matrix repeat and the states of a network may have no noise.
    """
    power = eigvalsh(embedding.gram)
    singular_values = np.sqrt(np.where(power > power[-1] * RESOLVED, power, 0))
    ratio = min(embedding.shape) / max(embedding.shape)
    threshold = (0.56 * ratio**3 - 0.95 * ratio**2 + 1.82 * ratio + 1.43) * np.median(singular_values)
    return int((singular_values > threshold).sum())


def operator(embedding: Embedding, name: str = "states") -> np.ndarray:
    """Least-squares operator (rank, rank) that advances the scores by one step within each trial.

    Raises UserError, naming `name`, if the operator is zero.
    """
    return _checked(_regression(embedding.scores[:, :-1], embedding.scores[:, 1:]), name, "operator")


def input_operators(
    embedding: Embedding, inputs: np.ndarray, delays: int, interval: int, name: str = "states"
) -> tuple[np.ndarray, np.ndarray]:
    """Least-squares A (rank, rank) and B (rank, input) of z(t + 1) = A z(t) + B u, by dynamic mode decomposition with
    control (Proctor et al. 2016), from inputs (trial, time, input).

    u is the input that drives the newest state of the window z(t + 1). Where inputs and scores are linearly dependent,
    A and B are those of least norm; an input that is always 0 gets a column of zeros.
    Raises UserError, naming `name`, if either operator is zero.
    """
    before, after = embedding.scores[:, :-1], embedding.scores[:, 1:]
    rank, newest = before.shape[-1], (delays - 1) * interval + 1
    driving = inputs[:, newest : newest + before.shape[1]]  # (trial, window, input)
    both = _regression(np.concatenate([before, driving], -1), after)
    return _checked(both[:, :rank], name, "state operator"), _checked(both[:, rank:], name, "input operator")


def _regression(predictors: np.ndarray, responses: np.ndarray) -> np.ndarray:
    """Least-squares matrix (response, predictor) over all trials and times."""
    flat = (each.reshape(-1, each.shape[-1]) for each in (predictors, responses))
    return np.linalg.lstsq(*flat, rcond=None)[0].T


def _checked(found: np.ndarray, name: str, which: str) -> np.ndarray:
    if np.linalg.norm(found) < 1e-12:
        raise UserError(f"{name}: its {which} is zero and has no direction to compare")
    return found


def of_networks(
    population, metric: str, fit: Callable[[np.ndarray, str], dict[str, np.ndarray]], failed: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """What `fit(states, name)` returns for each network, stacked along the networks.

    Where `fit` raises UserError, a network that did not converge gets `failed`; for a converged one the error is
    raised.
    """
    found = []
    for states, seed, status in zip(population.states_of_each(), population.seeds, population.status, strict=True):
        try:
            found.append(fit(states, f"{metric}: network {seed}"))
        except ValueError:
            if status == Status.CONVERGED:
                raise
            found.append(failed)  # a network that did not converge may have no such dynamics
    return {key: np.stack([each[key] for each in found]) for key in failed}
