"""Behaviour out of distribution: each network's MSE on trials unlike those it learnt from.

Two networks with the same training loss may generalise differently; the population's spread of this loss is the
behavioural degeneracy (Huang et al. 2025, sec. 3.1). The spread of the loss itself grows with its mean, so the
spread of its logarithm, the coefficient of variation and the median absolute deviation are reported beside it.
"""

import numpy as np

LEVEL = "behaviour"
HEADLINE = "log_sd"
MEASURES = {"value": ("loss out of distribution", "output units squared")}
SYMMETRY = "signed"
RANGE = {"value": (0, None)}


def value(population) -> dict[str, np.ndarray]:
    """Masked MSE (network) on the OOD trials."""
    trials = population.trials("ood")
    _, outputs = population.run(trials["inputs"].values, keep_states=False)  # (network, trial, time, output)
    squared = np.square(outputs - trials["targets"].values).mean(-1)
    mask = trials["mask"].values
    return {"value": (squared * mask).sum((1, 2)) / mask.sum()}
