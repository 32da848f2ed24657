"""Representations: the states of a network over all probe trials and times, as one matrix (sample, unit)."""

import numpy as np


def normalised(population) -> np.ndarray:
    """States (network, sample, unit) on the probe trials, each unit centred, each network of Frobenius norm 1.

    Raises ValueError, naming the network, if the states of one never change.
    """
    networks, trials, steps, units = population.states.shape
    samples = population.states.reshape(networks, trials * steps, units)
    centred = samples - samples.mean(1, keepdims=True)
    norms = np.linalg.norm(centred, axis=(1, 2))  # (network,)
    still = norms <= 1e-12 * np.linalg.norm(samples, axis=(1, 2))  # what is left of them is rounding
    if still.any():
        raise ValueError(f"network {population.seeds[np.argmax(still)]}: its states never change on the probe trials")
    return centred / norms[:, None, None]
