"""Behaviour out of distribution: the MSE of each network on trials that differ from the training trials.

Two networks with the same training loss may generalise differently. The spread of this loss in a population is the
behavioural degeneracy (Huang et al. 2025, sec. 3.1). The SD of the loss grows with its mean, so we also report the SD
of its logarithm, the coefficient of variation and the median absolute deviation.
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
