"""Linear CKA without the bias of few samples (Murphy, Zylberberg & Fyshe 2024), as a distance 1 − CKA.

With few samples for many units, CKA calls any two networks alike. Here its three products of Gram matrices are the
unbiased ones of Song et al. 2012 (eq. 5), so that unrelated states are at distance 1 on average, and sometimes beyond.
For centred X and Y (sample, unit) with n samples of squared norms k = |x|² and l = |y|², the product is proportional to
‖XᵀY‖²_F − n / (n − 2) Σ k l + Σ k Σ l / ((n − 1)(n − 2)), again without a Gram matrix.
# ASSUME: samples are independent. Successive states of a trial are not, so some bias is left where trials are few.
"""

from typing import Annotated

import numpy as np

from degeneracy.errors import UserError
from degeneracy.metrics._representation import normalised
from degeneracy.plugins.options import Range

LEVEL = "representation"
MEASURES = {"distance": ("1 − debiased CKA", "1")}
SYMMETRY = "rotation"
RANGE = {"distance": (0, 2)}
SAME_TRIALS = True


def features(population, *, trials: Annotated[int, Range(1)] = 128) -> dict[str, np.ndarray]:
    """Centred states (network, sample, unit), scaled to a product of 1 with themselves; NaN where a network stands
    still."""
    states = normalised(population, trials)
    if states.shape[1] < 4:
        raise UserError(f"debiased_cka: the probe trials have {states.shape[1]} states, must be at least 4")
    for each in states:
        each /= _product(each[None], each[None]) ** 0.25
    return {"states": states}


def distance(a: dict, b: dict) -> np.ndarray:
    """1 − debiased CKA of each pair (pair)."""
    return 1 - np.clip(_product(a["states"], b["states"]), -1, 1)


def _product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Unbiased product (pair) of the Gram matrices of states (pair, sample, unit), times n (n − 3)."""
    samples = x.shape[1]
    one, other = np.square(x).sum(2), np.square(y).sum(2)  # (pair, sample)
    whole = np.square(x.mT @ y).sum((1, 2))
    own = samples / (samples - 2) * np.sum(one * other, 1)
    return whole - own + one.sum(1) * other.sum(1) / ((samples - 1) * (samples - 2))
