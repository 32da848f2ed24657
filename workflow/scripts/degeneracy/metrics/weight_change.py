"""How far training moved the recurrent weights: ‖W_T − W_0‖_F (Huang et al. 2025, sec. 3.4).

W is all recurrent weights: of a gated cell all its matrices, of a low-rank one the product of its factors.
"""

import numpy as np

from degeneracy.metrics._weights import all_recurrent_weights

LEVEL = "learning"
MEASURES = {"value": ("change of the recurrent weights", "1")}
SYMMETRY = "signed"
NEEDS = ("weights", "untrained")
RANGE = {"value": (0, None)}


def value(population) -> dict[str, np.ndarray]:
    """Frobenius norm (network) of the change; `relative` divides it by the norm before training."""
    before = all_recurrent_weights(population.untrained())
    change = np.linalg.norm(all_recurrent_weights(population) - before, axis=(1, 2))
    return {"value": change, "relative": change / np.linalg.norm(before, axis=(1, 2))}
