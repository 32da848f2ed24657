"""Distance of recurrent weights up to the order and the sign of the units: min over signed permutations P of
‖W_1 − Pᵀ W_2 P‖_F.

A network of an odd activation such as tanh is unchanged by turning the sign of a unit, so permutations alone
(`permutation_distance`) tell networks apart that are the same. Where signs are not free (relu, sigmoid), the minimum
is over permutations; `signed` says which it was. `relative` is d / √(‖W_1‖ ‖W_2‖). The minimum is searched from
several starts; `spread` is the spread of their results and `lower_bound` what no P can beat.
"""

import numpy as np

from degeneracy.metrics._symmetry import by_unit, signs_are_free
from degeneracy.solvers.permutation import matching_distance

LEVEL = "weights"
MEASURES = {
    "distance": ("signed permutation distance", "1"),
    "relative": ("relative signed permutation distance", "1"),
}
SYMMETRY = "signed"


def features(population) -> dict[str, np.ndarray]:
    """Recurrent weights (network, unit, source_unit) in float64, and whether signs are free (network)."""
    weights, _ = by_unit(population)
    return {"weights": weights, "signed": np.full(len(weights), signs_are_free(population))}


def distance(a: dict, b: dict) -> dict[str, np.ndarray]:
    """Distance of each pair (pair), its bound, and the spread over starts."""
    signed = bool(np.all(a["signed"] & b["signed"]))
    found = matching_distance(a["weights"], b["weights"], signed)
    norms = np.sqrt(np.prod([np.linalg.norm(one["weights"], axis=(1, 2)) for one in (a, b)], axis=0))  # (pair,)
    return found.measures(relative=norms) | {"signed": np.full(len(norms), float(signed))}
