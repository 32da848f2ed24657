"""Dynamical similarity analysis (Ostrow et al. 2023): distance of the linear operators that advance delay-embedded
states.

We delay-embed the states on the probe trials, reduce them to a fixed rank, and fit the least-squares operator A that
advances them. The distance of two networks is min over C ∈ O(r) of ‖A_x − C A_y Cᵀ‖_F, with ‖A‖_F = 1: 0 means the
same dynamics up to a change of coordinates, and 2 is the maximum. `angular` is the angle between the operators:
distance = 2 sin(angular / 2). The search for the minimum begins at several starts: `spread` is the spread of their
results, and `lower_bound` is what no C can beat.
"""

import numpy as np

from degeneracy.devices import on_host, to_device
from degeneracy.metrics import _operators
from degeneracy.metrics._operators import Options
from degeneracy.solvers.orthogonal import conjugation_distance

LEVEL = "dynamics"
HEADLINE = "distance"
ACROSS_CONDITIONS = True
GPU = True
MEASURES = {"distance": ("DSA distance", "1"), "angular": ("angular DSA distance", "rad")}
SYMMETRY = "rotation"
REQUIRES = (
    "rank <= delays * state_size",
    "(delays - 1) * interval + 2 <= task.time_steps",
    "rank <= trials.probe * (task.time_steps - (delays - 1) * interval)",
)
RANGE = {"distance": (0, 2), "angular": (0, 3.141592653589793)}


def features(population, options: Options) -> dict[str, np.ndarray]:
    """Frobenius-normalised operators (network, rank, rank) of the states on the probe trials.

    NaN for a network that did not converge and has no operator of that rank. Prints the rank that the optimal hard
    threshold suggests for trained networks on all probe trials.
    """
    suggested, whole = {}, population.trained and population.compared_on == "probe"

    def fit(states: np.ndarray, name: str) -> dict[str, np.ndarray]:
        embedding = options.embed(states, name)
        if whole:
            suggested[name] = _operators.optimal_rank(embedding)
        found = _operators.operator(embedding, name)
        return {"operator": found / np.linalg.norm(found)}

    found = _operators.of_networks(population, "dsa", fit, {"operator": np.full((options.rank, options.rank), np.nan)})
    if suggested:
        low, middle, high = np.percentile(list(suggested.values()), (0, 50, 100), method="nearest").astype(int)
        print(
            f"dsa: the rank is {options.rank}; the optimal hard threshold would keep {low} to {high} directions "
            f"(median {middle}) of the embedded states of the {len(suggested)} networks"
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
