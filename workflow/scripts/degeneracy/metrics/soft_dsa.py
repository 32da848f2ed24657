"""Soft dynamical similarity analysis: distance of the linear dynamics of two networks, without a rank.

Let Σ₀ = ⟨z(t) z(t)ᵀ⟩ and Δ = ⟨(z(t + 1) − z(t)) z(t)ᵀ⟩ over the steps of the probe trials, without removing the mean.
At the scale λ the operator of a network is

    A_λ = (Σ₀ + λ tr Σ₀)^(−1/2) Δ (Σ₀ + λ tr Σ₀)^(−1/2), with ‖A_λ‖_F = 1,

and the distance of two networks is min over C ∈ O(n) of ‖A_x − C A_y Cᵀ‖_F. The scale takes the place of the rank of
`dsa`: a direction with the share p of the power of the states has the weight p / (p + λ). So directions below the share
λ fade, and no block of similar directions is cut. As λ goes to 0, A_λ goes to A − I, where A is the operator of `dsa`
with one delay and full rank. Since C leaves I alone, only the norm then differs from `dsa`. With Σ₁ in place of Δ, the
directions that hardly change would dominate, and the distance would follow the covariance of the states.

`scale_1`, `scale_2` and `scale_3` are the distances at λ = 0.1, 0.01 and 0.001, and `distance` is their mean.
tests/benchmarks/README.md compares it with other distances.
"""

from typing import Annotated

import numpy as np

from degeneracy.devices import on_host, to_device
from degeneracy.errors import UserError
from degeneracy.metrics import _operators
from degeneracy.plugins.options import Range
from degeneracy.solvers.orthogonal import conjugation_distance

LEVEL = "dynamics"
ACROSS_CONDITIONS = True
GPU = True
SYMMETRY = "rotation"
MEASURES = {
    "distance": ("soft DSA distance, mean over scales", "1"),
    "scale_1": ("soft DSA distance at the scale 0.1", "1"),
    "scale_2": ("soft DSA distance at the scale 0.01", "1"),
    "scale_3": ("soft DSA distance at the scale 0.001", "1"),
}
RANGE = {"distance": (0, 2), "scale_1": (0, 2), "scale_2": (0, 2), "scale_3": (0, 2)}
SCALES = (1, 2, 3)  # λ = 10^−scale
SMALL, STARTS = 12, 6  # above SMALL directions, so few starts find 0.4% larger distances than 14 do, in 60% of the time


def features(population, *, directions: Annotated[int, Range(1)] = 32) -> dict[str, np.ndarray]:
    """Operators (network, scale, direction, direction) in the first principal directions of the states.

    `directions` bounds the cost. Further directions have a small share of the variance, hence a small weight. NaN for a
    network that did not converge and does not move.
    """
    size = min(directions, next(population.states_of_each(1)).shape[-1])

    def fit(states: np.ndarray, name: str) -> dict[str, np.ndarray]:
        share, change = principal(states, size, name)
        return {"operators": np.stack([at_scale(share, change, 10.0**-scale) for scale in SCALES])}

    failed = {"operators": np.full((len(SCALES), size, size), np.nan)}
    return _operators.of_networks(population, "soft_dsa", fit, failed)


def principal(states: np.ndarray, size: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the power (direction) and Δ / tr Σ₀ (direction, direction) along the first principal directions of
    states (trial, time, unit). Raises UserError, naming `name`, for states that are not finite or never change.
    """
    before, after = (part.reshape(-1, states.shape[-1]) for part in (states[:, :-1], states[:, 1:]))
    power, change = before.T @ before, (after - before).T @ before  # (unit, unit)
    total = np.trace(power)
    if not np.isfinite(change).all() or not np.abs(change).max() > 1e-12 * total:
        raise UserError(f"{name}: its states are not finite or never change")
    share, axes = np.linalg.eigh(power / total)
    share, axes = np.maximum(share[::-1][:size], 0), axes[:, ::-1][:, :size]
    return share, axes.T @ (change / total) @ axes


def at_scale(share: np.ndarray, change: np.ndarray, scale: float) -> np.ndarray:
    """The operator A_λ (direction, direction) of norm 1 at the scale λ."""
    whitening = 1 / np.sqrt(share + scale)
    found = whitening[:, None] * change * whitening
    return found / np.linalg.norm(found)


def distance(a: dict, b: dict, device: str = "cpu") -> dict[str, np.ndarray]:
    """The distance of each pair (pair) at every scale and their mean, with proven bounds and the spread over starts."""
    found = {}
    for place, scale in enumerate(SCALES):
        one, other = (to_device(each["operators"][:, place], device) for each in (a, b))
        starts = STARTS if one.shape[-1] > SMALL else None
        found[f"scale_{scale}"] = on_host(conjugation_distance(one, other, starts=starts))
    results = {name: each.distance for name, each in found.items()}
    results |= {f"{name}_lower_bound": each.lower_bound for name, each in found.items()}
    return results | {
        "distance": np.mean([each.distance for each in found.values()], 0),
        "lower_bound": np.mean([each.lower_bound for each in found.values()], 0),
        "spread": np.mean([each.spread for each in found.values()], 0),
        "unconverged": np.max([each.status for each in found.values()], 0).astype(float),
    }
