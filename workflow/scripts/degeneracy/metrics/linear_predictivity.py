"""Linear predictivity of the states on the probe trials (Kornblith et al. 2019, appendix), as a distance 1 − R².

R² is the share of the variance of all units of one network that a linear map of the states of the other one predicts
on trials that it was not fitted to, mean over both directions. It does not see any invertible linear map of the
states that predict, nor a rotation of those that are predicted. Noise has a distance of about 1, and can exceed it.
Units are centred over all trials, those of the fold included.
"""

from typing import Annotated

import numpy as np

from degeneracy.metrics._predictivity import folded, unexplained
from degeneracy.metrics._representation import moving_states
from degeneracy.plugins.options import Range

LEVEL = "representation"
MEASURES = {"distance": ("variance not predicted linearly", "1")}
SYMMETRY = "rotation"
RANGE = {"distance": (0, None)}
SAME_TRIALS = True
REQUIRES = ("folds <= trials", "folds <= trials.probe")


def features(
    population, *, trials: Annotated[int, Range(2)] = 128, folds: Annotated[int, Range(2)] = 4
) -> dict[str, np.ndarray]:
    """Centred states by fold, and their products; NaN where a network stands still."""
    return folded(np.stack([*moving_states(population, trials)]), folds)


def distance(a: dict, b: dict) -> np.ndarray:
    """1 − R² of each pair (pair)."""
    return unexplained(a, b)
