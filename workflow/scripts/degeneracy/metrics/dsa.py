"""Dynamical similarity analysis (Ostrow et al. 2023): distance of the linear operators that advance delay-embedded
states.

States on the probe trials are delay-embedded, reduced to a fixed rank, and advanced by the least-squares operator
A; two networks are as far apart as min over C ∈ O(r) of ‖A_x − C A_y Cᵀ‖_F , with ‖A‖_F = 1, so that 0 is
the same dynamics up to a change of coordinates and 2 the most. The minimum is searched from several starts;
`spread` is the spread of their results and `lower_bound` what no C can beat.
"""

from typing import Annotated

import numpy as np
from scipy.linalg import eigh

from degeneracy.solvers.orthogonal import conjugation_distance
from degeneracy.status import CONVERGED
from degeneracy.units import Range

LEVEL = "dynamics"
ACROSS_CONDITIONS = True
MEASURES = {"distance": ("DSA distance", "1")}


def features(
    population, *, delays: Annotated[int, Range(1)] = 5, rank: Annotated[int, Range(1)] = 10
) -> dict[str, np.ndarray]:
    """Frobenius-normalised operators (network, rank, rank) of the states on the probe trials.

    `delays` states in a row (steps) make one embedded state, `rank` of its principal directions are kept. NaN for a
    network that did not learn the task and has no operator of that rank.
    """
    operators = []
    for states, seed, status in zip(population.states, population.seeds, population.status, strict=True):
        try:
            found = operator(states, delays, rank, f"network {seed}")
            operators.append(found / np.linalg.norm(found))
        except ValueError:
            if status == CONVERGED:
                raise
            operators.append(np.full((rank, rank), np.nan))  # a network that did not learn may have no such dynamics
    return {"operator": np.stack(operators)}


def distance(a: dict, b: dict) -> dict[str, np.ndarray]:
    """Distance of each pair (pair), its bound, and the spread over starts."""
    found = conjugation_distance(a["operator"], b["operator"])
    return {
        "distance": found.distance,
        "lower_bound": found.lower_bound,
        "spread": found.spread,
        "unconverged": found.status.astype(float),
    }


def operator(states: np.ndarray, delays: int, rank: int, name: str = "states") -> np.ndarray:
    """Least-squares operator (rank, rank) that advances delay-embedded states (trial, time, unit) by one step.

    The embedded states are projected on their first `rank` right-singular directions and scaled to unit variance along
    each, as the reference does, without removing the mean; so an invertible linear change of the states changes the
    operator by a rotation alone, when the rank is full. No step leads from one trial into the next.
    Raises ValueError if a trial is shorter than the delays need or the data has a lower rank.
    """
    trials, steps, width = states.shape
    if steps < delays + 1:
        raise ValueError(f"dsa: {name}: trials of {steps} steps are too short for {delays} delays")
    windows = np.lib.stride_tricks.sliding_window_view(states, delays, axis=1)  # (trial, window, unit, delay)
    embedded = windows.reshape(trials, steps - delays + 1, width * delays)
    flat = embedded.reshape(-1, width * delays)  # (sample, unit · delay)
    size = min(flat.shape)
    if rank > size:
        raise ValueError(f"dsa: {name}: rank {rank} is more than the {size} dimensions of the embedded states")
    gram = flat.T @ flat
    power, directions = eigh(gram, subset_by_index=[len(gram) - rank, len(gram) - 1])
    if power[0] <= power[-1] * 1e-14:
        has = int((power > power[-1] * 1e-14).sum())
        raise ValueError(
            f"dsa: {name}: rank {rank} is above the rank {has} of the embedded states; choose a lower rank"
        )
    scores = embedded @ (directions / np.sqrt(power))  # (trial, window, rank)
    before, after = scores[:, :-1].reshape(-1, rank), scores[:, 1:].reshape(-1, rank)
    return np.linalg.lstsq(before, after, rcond=None)[0].T
