"""Representations: the states of a network on the probe trials, at all times, as one matrix (sample, unit).

Both networks of a pair see the same trials, so an unusual trial does not separate them, and the first `trials` of the
probe trials are enough.
"""

from collections.abc import Iterator

import numpy as np

from degeneracy.errors import UserError
from degeneracy.status import Status


def centred(population, trials: int) -> Iterator[np.ndarray]:
    """States (sample, unit) of one network after the other on the first probe trials, each unit centred.

    NaN for a network that did not converge and whose states never change by more than rounding, or are not finite.
    Raises UserError, naming the network, if a converged network has such states.
    """
    for states, seed, status in zip(
        population.states_of_each(trials), population.seeds, population.status, strict=True
    ):
        samples = states.reshape(-1, states.shape[-1])
        deviation = samples - samples.mean(0)
        whole = np.linalg.norm(samples)
        moves = np.isfinite(whole) and np.linalg.norm(deviation) > 1e-12 * whole
        if not moves and status == Status.CONVERGED:
            raise UserError(f"network {seed}: its states on the probe trials never change or are not finite")
        yield deviation if moves else np.full_like(deviation, np.nan)


def normalised(population, trials: int) -> np.ndarray:
    """Centred states (network, sample, unit), each network of Frobenius norm 1; see `centred`."""
    found = None
    for place, states in enumerate(centred(population, trials)):
        if found is None:
            found = np.empty((len(population.seeds), *states.shape))
        np.divide(states, np.linalg.norm(states), out=found[place])
    return found


def moving_states(population, trials: int) -> Iterator[np.ndarray]:
    """States (trial, time, unit) of one network after the other on the first probe trials; see `moving`."""
    for states, seed in zip(population.states_of_each(trials), population.seeds, strict=True):
        yield moving(states, seed)


def moving(states: np.ndarray, seed: int) -> np.ndarray:
    """States (trial, time, unit) of a network, each unit centred.

    NaN if the states never change by more than rounding or are not finite; a line in the log says which of the two.
    """
    deviation, whole = states - states.mean((0, 1)), np.linalg.norm(states)
    reason = "never change" if np.linalg.norm(deviation) <= 1e-12 * whole else ""
    reason = reason if np.isfinite(whole) else "are not finite"
    if reason:
        print(f"network {seed}: NaN, because its states on the probe trials {reason}")
    return np.full_like(deviation, np.nan) if reason else deviation
