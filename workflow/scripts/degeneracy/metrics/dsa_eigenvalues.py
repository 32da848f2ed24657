"""Distance of the spectra of the linear operators that advance delay-embedded states.

The operators are those of `dsa`, not normalised. The eigenvalues of one are assigned to those of the other at least
total squared distance in the complex plane, and the distance is the root of the mean squared distance: the
2-Wasserstein distance of the two spectra, each eigenvalue with weight 1 / rank. A metric on spectra: it does not see
what an invertible change of coordinates does, so non-normality, which `dsa` sees, goes unseen. The assignment is
exact, so there is nothing to bound.
"""

from typing import Annotated

import numpy as np
from scipy.optimize import linear_sum_assignment

from degeneracy.metrics import _operators
from degeneracy.plugins.options import Range

LEVEL = "dynamics"
ACROSS_CONDITIONS = True
MEASURES = {"distance": ("distance of operator spectra", "1")}
SYMMETRY = "rotation"


def features(
    population,
    *,
    delays: Annotated[int, Range(1)] = 5,
    interval: Annotated[int, Range(1)] = 1,
    rank: Annotated[int, Range(1)] = 10,
) -> dict[str, np.ndarray]:
    """Eigenvalues (network, rank) of the operators on the probe trials; the options are those of `dsa`.

    NaN for a network that did not learn the task and has no operator of that rank.
    """

    def fit(states: np.ndarray, name: str) -> dict[str, np.ndarray]:
        embedding = _operators.embed(states, delays, interval, rank, name)
        return {"eigenvalues": np.linalg.eigvals(_operators.operator(embedding, name)).astype(complex)}

    failed = {"eigenvalues": np.full(rank, np.nan, complex)}
    return _operators.of_networks(population, "dsa_eigenvalues", fit, failed)


def distance(a: dict, b: dict) -> np.ndarray:
    """Distance of each pair (pair)."""
    cost = np.abs(a["eigenvalues"][:, :, None] - b["eigenvalues"][:, None, :]) ** 2  # (pair, rank, rank)
    return np.array([np.sqrt(each[linear_sum_assignment(each)].mean()) for each in cost])
