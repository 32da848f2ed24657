"""Dynamical similarity analysis (Ostrow et al. 2023): distance of the linear operators that advance delay-embedded
states.

States on the probe trials are delay-embedded, reduced to a fixed rank, and advanced by the least-squares operator
A; two networks are as far apart as min over C ∈ O(r) of ‖A_x − C A_y Cᵀ‖_F , with ‖A‖_F = 1, so that 0 is
the same dynamics up to a change of coordinates and 2 the most. `angular` is the same as the angle between the
operators: distance = 2 sin(angular / 2). The minimum is searched from several starts; `spread` is the spread of their
results and `lower_bound` what no C can beat.
"""

from typing import Annotated

import numpy as np

from degeneracy.devices import on_host, to_device
from degeneracy.metrics import _operators
from degeneracy.plugins.options import Range
from degeneracy.solvers.orthogonal import conjugation_distance

LEVEL = "dynamics"
ACROSS_CONDITIONS = True
GPU = True
MEASURES = {"distance": ("DSA distance", "1"), "angular": ("angular DSA distance", "rad")}
SYMMETRY = "rotation"


def features(
    population,
    *,
    delays: Annotated[int, Range(1)] = 5,
    interval: Annotated[int, Range(1)] = 1,
    rank: Annotated[int, Range(1)] = 10,
) -> dict[str, np.ndarray]:
    """Frobenius-normalised operators (network, rank, rank) of the states on the probe trials.

    `delays` states, each `interval` steps after the one before, make one embedded state; `rank` of its principal
    directions are kept. NaN for a network that did not learn the task and has no operator of that rank. Prints what
    rank the optimal hard threshold suggests for trained networks on all probe trials.
    """
    suggested, whole = {}, population.trained and population.half is None

    def fit(states: np.ndarray, name: str) -> dict[str, np.ndarray]:
        embedding = _operators.embed(states, delays, interval, rank, name)
        if whole:
            suggested[name] = _operators.optimal_rank(embedding)
        found = _operators.operator(embedding, name)
        return {"operator": found / np.linalg.norm(found)}

    found = _operators.of_networks(population, "dsa", fit, {"operator": np.full((rank, rank), np.nan)})
    if suggested:
        low, middle, high = np.percentile(list(suggested.values()), (0, 50, 100), method="nearest").astype(int)
        print(
            f"dsa: rank {rank} is used; of the {len(suggested)} networks' embedded states the optimal hard threshold "
            f"would keep {low} to {high} directions (median {middle})"
        )
    return found


def distance(a: dict, b: dict, device: str = "cpu") -> dict[str, np.ndarray]:
    """Both measures of the distance of each pair (pair), their bounds, and the spread over starts."""
    found = on_host(conjugation_distance(*(to_device(each["operator"], device) for each in (a, b))))
    return {
        "distance": found.distance,
        "angular": angle(found.distance),
        "lower_bound": found.lower_bound,
        "angular_lower_bound": angle(found.lower_bound),
        "spread": found.spread,
        "unconverged": found.status.astype(float),
    }


def angle(chord: np.ndarray) -> np.ndarray:
    """Angle (rad) between two unit vectors at a distance in [0, 2]."""
    return 2 * np.arcsin(np.minimum(chord / 2, 1))
