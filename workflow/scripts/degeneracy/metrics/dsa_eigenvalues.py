"""Distance of the spectra of the linear operators that advance delay-embedded states.

The operators are those of `dsa`, not normalised. We assign the eigenvalues of one to those of the other so that their
total squared distance in the complex plane is minimal. The distance is the root of the mean squared distance: the
2-Wasserstein distance of the two spectra, where each eigenvalue has the weight 1 / rank. It does not change under any
invertible change of coordinates, so unlike `dsa` it does not see non-normality. The assignment is exact, so no bound is
needed.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

from degeneracy.metrics import _operators
from degeneracy.metrics._operators import Options

LEVEL = "dynamics"
ACROSS_CONDITIONS = True
MEASURES = {"distance": ("distance of operator spectra", "1")}
SYMMETRY = "rotation"
REQUIRES = (
    "rank <= delays * state_size",
    "(delays - 1) * interval + 2 <= task.time_steps",
    "rank <= trials.probe * (task.time_steps - (delays - 1) * interval)",
)


def features(population, options: Options) -> dict[str, np.ndarray]:
    """Eigenvalues (network, rank) of the operators on the probe trials; the options are those of `dsa`.

    NaN for a network that did not converge and has no operator of that rank.
    """

    def fit(states: np.ndarray, name: str) -> dict[str, np.ndarray]:
        embedding = options.embed(states, name)
        return {"eigenvalues": np.linalg.eigvals(_operators.operator(embedding, name)).astype(complex)}

    failed = {"eigenvalues": np.full(options.rank, np.nan, complex)}
    return _operators.of_networks(population, "dsa_eigenvalues", fit, failed)


def distance(a: dict, b: dict) -> np.ndarray:
    """Distance of each pair (pair)."""
    cost = np.abs(a["eigenvalues"][:, :, None] - b["eigenvalues"][:, None, :]) ** 2  # (pair, rank, rank)
    return np.array([np.sqrt(each[linear_sum_assignment(each)].mean()) for each in cost])
