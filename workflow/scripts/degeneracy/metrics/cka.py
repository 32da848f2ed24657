"""Linear centred kernel alignment of the states on the probe trials (Kornblith et al. 2019), as a distance 1 − CKA.

CKA = ‖YᵀX‖²_F / (‖XᵀX‖_F ‖YᵀY‖_F) with centred X and Y (sample, unit) (eq. 5). It is 1 for states that are the same up
to a rotation and a common scale. We compute it from (unit, unit) products, never from a Gram matrix of the samples.
"""

from typing import Annotated

import numpy as np

from degeneracy.metrics._representation import normalised
from degeneracy.plugins.options import Range

LEVEL = "representation"
MEASURES = {"distance": ("1 − CKA", "1")}
SYMMETRY = "rotation"
RANGE = {"distance": (0, 1)}
SAME_TRIALS = True


def features(population, *, trials: Annotated[int, Range(1)] = 128) -> dict[str, np.ndarray]:
    """Centred states (network, sample, unit), scaled to ‖XᵀX‖_F = 1; NaN where a network stands still."""
    states = normalised(population, trials)
    for each in states:
        each /= np.sqrt(np.linalg.norm(each.T @ each))
    return {"states": states}


def distance(a: dict, b: dict) -> np.ndarray:
    """1 − CKA of each pair (pair)."""
    product = a["states"].mT @ b["states"]  # (pair, unit, unit)
    return 1 - np.minimum(np.square(product).sum((1, 2)), 1)
