"""How far training moved the recurrent weights: ‖W_T − W_0‖_F (Huang et al. 2025, sec. 3.4)."""

import numpy as np

LEVEL = "learning"
MEASURES = {"value": ("change of the recurrent weights", "1")}
SYMMETRY = "signed"
RANGE = {"value": (0, None)}


def value(population) -> dict[str, np.ndarray]:
    """Frobenius norm (network) of the change; `relative` divides it by the norm before training."""
    before = population.initial_parameters["recurrent_weights"].astype(float)
    change = np.linalg.norm(population.parameters["recurrent_weights"] - before, axis=(1, 2))
    return {"value": change, "relative": change / np.linalg.norm(before, axis=(1, 2))}
