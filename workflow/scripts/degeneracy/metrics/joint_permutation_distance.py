"""Distance of whole networks up to the order and the sign of the units: one signed permutation P acts on the recurrent
weights W, and on the input weights, bias and readout F (unit, feature) of the units together:
min over P of √(‖W_1 − Pᵀ W_2 P‖² + ‖F_1 − Pᵀ F_2‖²).

A distance of 0 means the same network: the same outputs for any input, up to the bias of the readout, which no unit
owns and which we leave out. Signs are free where the activation is odd, as tanh is. Otherwise (relu, sigmoid) the
minimum is over permutations; `signed` says which it was. `relative` is d / √(size_1 size_2), where a size is
√(‖W‖² + ‖F‖²). The search for the minimum begins at several starts: `spread` is the spread of their results, and
`lower_bound` is what no P can beat.
"""

import numpy as np

from degeneracy.metrics._symmetry import by_unit, matched, signs_are_free

LEVEL = "weights"
VARIANT_OF = "permutation_distance"
MEASURES = {
    "distance": ("joint permutation distance", "1"),
    "relative": ("relative joint permutation distance", "1"),
}
SYMMETRY = "signed"
NEEDS = ("weights", "readout")
NO_TRIALS = True
ONE_MATRIX = True


def features(population) -> dict[str, np.ndarray]:
    """Recurrent weights (network, unit, source_unit), what else a unit owns (network, unit, feature), and whether signs
    are free (network).
    """
    weights, owned = by_unit(population)
    return {"weights": weights, "owned": owned, "signed": np.full(len(weights), signs_are_free(population))}


def distance(a: dict, b: dict) -> dict[str, np.ndarray]:
    """Distance of each pair (pair), its bound, and the spread over starts."""
    return matched(a, b)
