"""Representations: the states of a network on all probe trials and times, as one matrix (sample, unit)."""

import numpy as np

from degeneracy.errors import UserError
from degeneracy.status import Status


def moving(population) -> np.ndarray:
    """Whether the states of each network (network) on the probe trials are finite and change by more than rounding.

    A network that did not converge may stand still, and then has no representation. Raises UserError, naming the
    network, if a converged network has none.
    """
    samples = population.states.reshape(len(population.seeds), -1, population.states.shape[-1])
    sizes = [(np.linalg.norm(each - each.mean(0)), np.linalg.norm(each)) for each in samples]
    moves = np.array([np.isfinite(whole) and left > 1e-12 * whole for left, whole in sizes], bool)
    wrong = ~moves & (population.status == Status.CONVERGED)
    if wrong.any():
        seed = population.seeds[np.argmax(wrong)]
        raise UserError(f"network {seed}: its states on the probe trials never change or are not finite")
    return moves


def normalised(population) -> np.ndarray:
    """States (network, sample, unit) on the probe trials, each unit centred, each network of Frobenius norm 1.

    NaN for a network that is not `moving`; raises UserError as that does.
    """
    networks, trials, steps, units = population.states.shape
    samples = population.states.reshape(networks, trials * steps, units)
    centred = samples - samples.mean(1, keepdims=True)
    norms = np.linalg.norm(centred, axis=(1, 2))  # (network,)
    return centred / np.where(moving(population), norms, np.nan)[:, None, None]
