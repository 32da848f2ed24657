"""Distance of recurrent weights up to the order and the signs of the units: min over signed permutations P of
‖W_1 − Pᵀ W_2 P‖_F.

Flipping the sign of a unit does not change a network with an odd activation such as tanh. Permutations alone
(`permutation_distance`) therefore separate networks that are the same. Where signs are not free (relu, sigmoid), the
minimum is over permutations; `signed` says which it was. `relative` is d / √(‖W_1‖ ‖W_2‖). The search for the minimum
begins at several starts: `spread` is the spread of their results, and `lower_bound` is what no P can beat.
"""

import numpy as np

from degeneracy.metrics._symmetry import by_unit, matched, signs_are_free

LEVEL = "weights"
VARIANT_OF = "permutation_distance"
MEASURES = {
    "distance": ("signed permutation distance", "1"),
    "relative": ("relative signed permutation distance", "1"),
}
SYMMETRY = "signed"
NEEDS = ("weights",)
NO_TRIALS = True
ONE_MATRIX = True


def features(population) -> dict[str, np.ndarray]:
    """Recurrent weights (network, unit, source_unit) in float64, and whether signs are free (network)."""
    weights, _ = by_unit(population)
    return {"weights": weights, "signed": np.full(len(weights), signs_are_free(population))}


def distance(a: dict, b: dict) -> dict[str, np.ndarray]:
    """Distance of each pair (pair), its bound, and the spread over starts."""
    return matched(a, b)
