"""Distance of whole networks up to the order and the sign of the units: one signed permutation P acts on the recurrent
weights W, and on the input weights, bias and readout F (unit, feature) of the units together:
min over P of √(‖W_1 − Pᵀ W_2 P‖² + ‖F_1 − Pᵀ F_2‖²).

0 means the same network: the same outputs for any input, up to the bias of the readout, which no unit owns and which
is left out. Signs are free where the activation is odd, as tanh is; else (relu, sigmoid) the minimum is over
permutations, and `signed` says which it was. `relative` is d / √(size_1 size_2), a size being √(‖W‖² + ‖F‖²). The
minimum is searched from several starts; `spread` is the spread of their results and `lower_bound` what no P can beat.
"""

import numpy as np

from degeneracy.metrics._symmetry import by_unit, signs_are_free
from degeneracy.solvers.permutation import joint_matching_distance

LEVEL = "weights"
MEASURES = {
    "distance": ("joint permutation distance", "1"),
    "relative": ("relative joint permutation distance", "1"),
}
SYMMETRY = "signed"


def features(population) -> dict[str, np.ndarray]:
    """Recurrent weights (network, unit, source_unit), what else a unit owns (network, unit, feature), free signs."""
    weights, owned = by_unit(population)
    return {"weights": weights, "owned": owned, "signed": np.full(len(weights), signs_are_free(population))}


def distance(a: dict, b: dict) -> dict[str, np.ndarray]:
    """Distance of each pair (pair), its bound, and the spread over starts."""
    signed = bool(np.all(a["signed"] & b["signed"]))
    found = joint_matching_distance(a["weights"], a["owned"], b["weights"], b["owned"], signed)
    sizes = [np.square(one["weights"]).sum((1, 2)) + np.square(one["owned"]).sum((1, 2)) for one in (a, b)]
    scale = np.prod(sizes, axis=0) ** 0.25  # (pair,)
    return found.measures(relative=scale) | {"signed": np.full(len(scale), float(signed))}
