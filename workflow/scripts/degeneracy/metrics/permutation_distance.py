"""Distance of recurrent weights up to the order of the units: min over permutations P of ‖W_1 − Pᵀ W_2 P‖_F.

Reported raw, divided by n² as in the paper (Huang et al. 2025, app. F.2), and relative, d / √(‖W_1‖ ‖W_2‖): the
quotient d/n² of untrained networks falls with width by itself, the relative distance does not. The minimum is
searched from several starts; `spread` is the spread of their results and `lower_bound` what no permutation can
beat.
"""

import numpy as np

from degeneracy.solvers.permutation import matching_distance

LEVEL = "weights"
HEADLINE = "relative"
MEASURES = {
    "distance": ("permutation distance", "1"),
    "relative": ("relative permutation distance", "1"),
    "per_n_squared": ("permutation distance / n²", "1"),
}


def features(population) -> dict[str, np.ndarray]:
    """Recurrent weights (network, unit, source_unit) in float64."""
    return {"weights": population.parameters["recurrent_weights"].astype(float)}


def distance(a: dict, b: dict) -> dict[str, np.ndarray]:
    """Distance of each pair (pair), its bound, and the spread over starts."""
    first, second = a["weights"], b["weights"]
    found = matching_distance(first, second)
    norms = np.sqrt(np.linalg.norm(first, axis=(1, 2)) * np.linalg.norm(second, axis=(1, 2)))  # (pair,)
    return found.measures(relative=norms, per_n_squared=first.shape[-1] ** 2)
