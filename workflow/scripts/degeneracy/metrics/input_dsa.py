"""Dynamical similarity analysis with inputs: separates what a network does by itself from what its inputs do to it.

We model the delay-embedded states z on the probe trials, reduced as for `dsa`, as z(t + 1) = A z(t) + B u(t + 1) with
the inputs u of the trials, by dynamic mode decomposition with control (Proctor et al. 2016). With ‖A‖_F = ‖B‖_F = 1 and
a weight w, the distance of two networks is the root of

    min over C ∈ O(r) of (1 − w) ‖A_x − C A_y Cᵀ‖² + w ‖B_x − C B_y‖²,

with one C for both: 0 means the same driven system up to a change of coordinates, and 2 is the maximum. `state` and
`input` are the distances that each operator alone gives, with its best C. The method follows InputDSA (Huang, Ostrow et
al. 2025) with three deviations. We normalise both operators, so that the weight does not depend on the units of states
and inputs. We search for the joint minimum by the descent of `dsa`, from the best C of each part among others. And the
C of `input` is the Procrustes solution U Vᵀ, where B_x B_yᵀ = U Σ Vᵀ (its transpose V Uᵀ rotates the wrong network and
is not a minimum).
"""

from typing import Annotated

import numpy as np

from degeneracy.devices import on_host, to_device
from degeneracy.metrics import _operators
from degeneracy.metrics._operators import Options
from degeneracy.plugins.options import Range
from degeneracy.solvers.orthogonal import conjugation_distance

LEVEL = "dynamics"
GPU = True
MEASURES = {
    "distance": ("DSA distance with inputs", "1"),
    "state": ("DSA distance of state operators", "1"),
    "input": ("Procrustes distance of input operators", "1"),
}
SYMMETRY = "rotation"
NEEDS = ("inputs",)
REQUIRES = (
    "rank <= delays * state_size",
    "(delays - 1) * interval + 2 <= task.time_steps",
    "rank <= trials.probe * (task.time_steps - (delays - 1) * interval)",
)
RANGE = {"distance": (0, 2), "state": (0, 2), "input": (0, 2)}


def features(population, options: Options) -> dict[str, np.ndarray]:
    """Normalised state operators (network, rank, rank) and input operators (network, rank, input).

    The options are those of `dsa`. NaN for a network that did not converge and has no such operators.
    """
    inputs = population.trials("probe")["inputs"].values

    def fit(states: np.ndarray, name: str) -> dict[str, np.ndarray]:
        embedding = options.embed(states, name)
        found = _operators.input_operators(embedding, inputs, options.delays, options.interval, name)
        return dict(zip(("state", "input"), (each / np.linalg.norm(each) for each in found), strict=True))

    rank = options.rank
    failed = {"state": np.full((rank, rank), np.nan), "input": np.full((rank, inputs.shape[-1]), np.nan)}
    return _operators.of_networks(population, "input_dsa", fit, failed)


def distance(
    a: dict, b: dict, device: str = "cpu", *, input_weight: Annotated[float, Range(0, 1)] = 0.5
) -> dict[str, np.ndarray]:
    """Joint distance of each pair (pair), its parts, their bounds, and the spread over starts.

    `input_weight` is w above: 0 compares only the state operators, 1 only the input operators.
    """
    of_state, of_input = np.sqrt(1 - input_weight), np.sqrt(input_weight)
    states, inputs = ([to_device(each[key], device) for each in (a, b)] for key in ("state", "input"))
    joint = on_host(conjugation_distance(*(of_state * x for x in states), inputs=[of_input * x for x in inputs]))
    state = on_host(conjugation_distance(*states))
    alone = input_distance(a["input"], b["input"])
    return {
        "distance": joint.distance,
        "state": state.distance,
        "input": alone,
        "lower_bound": joint.lower_bound,
        "state_lower_bound": state.lower_bound,
        "input_lower_bound": alone,
        "spread": joint.spread,
        "state_spread": state.spread,
        "unconverged": np.maximum(joint.status, state.status).astype(float),
    }


def input_distance(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """min over C ∈ O(r) of ‖P − C Q‖_F (pair) for input operators (pair, rank, input)."""
    turn = best_turn(p, q)
    return np.linalg.norm(p - turn @ q, axis=(1, 2))


def best_turn(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The orthogonal C (pair, rank, rank) that minimises ‖P − C Q‖_F (Schönemann 1966)."""
    u, _, vt = np.linalg.svd(p @ q.mT)
    return u @ vt
