"""Distance of recurrent weights up to the order of the units: min over permutations P of ‖W_1 − Pᵀ W_2 P‖_F.

We report it as it is, divided by n² as in the paper (Huang et al. 2025, app. F.2), and relative, d / √(‖W_1‖ ‖W_2‖).
For untrained networks d/n² falls with the width by itself; the relative distance does not. The search for the minimum
begins at several starts: `spread` is the spread of their results, and `lower_bound` is what no permutation can beat.
"""

import numpy as np

from degeneracy.metrics._symmetry import matched
from degeneracy.metrics._weights import recurrent_weights

LEVEL = "weights"
HEADLINE = "relative"
MEASURES = {
    "distance": ("permutation distance", "1"),
    "relative": ("relative permutation distance", "1"),
    "per_n_squared": ("permutation distance / n²", "1"),
}
NEEDS = ("weights",)
NO_TRIALS = True


def features(population) -> dict[str, np.ndarray]:
    """Recurrent weights (network, unit, source_unit) in float64."""
    return {"weights": recurrent_weights(population)}


def distance(a: dict, b: dict) -> dict[str, np.ndarray]:
    """Distance of each pair (pair), its bound, and the spread over starts."""
    return matched(a, b, per_n_squared=a["weights"].shape[-1] ** 2)
