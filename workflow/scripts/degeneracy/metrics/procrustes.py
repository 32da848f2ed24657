"""Angular Procrustes shape distance of the states on the probe trials (Williams et al. 2021).

θ = min over Q ∈ O(n) of arccos⟨X, YQ⟩ = arccos ‖XᵀY‖_* (their eq. 5), with X and Y (sample, unit) centred and of
Frobenius norm 1. It is a metric on shapes: 0 for states that are the same up to rotation, reflection, shift and a
common scale, and at most π/2.
"""

from typing import Annotated

import numpy as np

from degeneracy.metrics._representation import normalised
from degeneracy.plugins.options import Range

LEVEL = "representation"
MEASURES = {"distance": ("Procrustes shape distance", "rad")}
SYMMETRY = "rotation"
RANGE = {"distance": (0, 1.5707963267948966)}
SAME_TRIALS = True


def features(population, *, trials: Annotated[int, Range(1)] = 128) -> dict[str, np.ndarray]:
    """Centred and normalised states (network, sample, unit); NaN where a network stands still."""
    return {"states": normalised(population, trials)}


def distance(a: dict, b: dict) -> np.ndarray:
    """Angle (pair) between the shapes of each pair."""
    singular = np.linalg.svd(a["states"].mT @ b["states"], compute_uv=False)  # (pair, unit)
    return np.arccos(np.minimum(singular.sum(1), 1))
