"""Representational similarity analysis (Kriegeskorte, Mur & Bandettini 2008), as a distance 1 − Spearman's correlation.

Each network has a matrix of dissimilarities between its states at `states` random places (trial, time) of the probe
trials, the same for all networks. Two networks are compared by the rank correlation of these matrices.

The artifact also holds the noise ceiling of the population (Nili et al. 2014): the mean rank correlation of the two
networks of a pair with the average of all networks (`ceiling_high`), and with that of all others (`ceiling_low`). No
single matrix can agree with all networks better than that.

# ASSUME: the dissimilarity is the Euclidean distance, not 1 − the correlation over units, which changes with the signs
of tanh units. Networks have no noise when they are compared, so the ceiling is about differences between networks.
"""

from typing import Annotated

import numpy as np
from scipy.spatial.distance import pdist
from scipy.stats import rankdata

from degeneracy.errors import UserError
from degeneracy.metrics._representation import moving_states
from degeneracy.plugins.options import Range

LEVEL = "representation"
MEASURES = {"distance": ("1 − rank correlation of dissimilarities", "1")}
SYMMETRY = "rotation"
RANGE = {"distance": (0, 2)}
SAME_TRIALS = True


def features(
    population, *, trials: Annotated[int, Range(1)] = 128, states: Annotated[int, Range(3)] = 300
) -> dict[str, np.ndarray]:
    """Ranks (network, dissimilarity), centred and of norm 1, and the noise ceiling of each network (network).

    NaN for a network that stands still, or whose states are all equally far apart.
    """
    ranks = []
    for own, seed in zip(moving_states(population, trials), population.seeds, strict=True):
        samples = own.reshape(-1, own.shape[-1])
        if len(samples) < 3:
            raise UserError(f"rsa: the probe trials have {len(samples)} states, must be at least 3")
        places = np.random.default_rng(0).permutation(len(samples))[:states]
        apart = pdist(samples[places])
        if np.ptp(apart) <= 1e-9 * apart.max():
            print(f"network {seed}: NaN, because its states on the probe trials are all equally far apart")
            apart[:] = np.nan
        tied = np.round(apart / apart.max(), 9)  # equal but for rounding, as after the same inputs
        rank = rankdata(tied) - (len(tied) + 1) / 2
        ranks.append(np.where(np.isnan(apart), np.nan, rank / np.linalg.norm(rank)))
    whole = np.stack(ranks)
    known = np.isfinite(whole).all(1)
    total = whole[known].sum(0)
    return {
        "ranks": whole,
        "high": _agreement(whole, np.broadcast_to(total, whole.shape)),
        "low": _agreement(whole, total - whole) if known.sum() > 1 else np.where(known, 1.0, np.nan),
    }


def _agreement(ranks: np.ndarray, average: np.ndarray) -> np.ndarray:
    """Correlation (network) of centred ranks (network, dissimilarity) with centred averages."""
    return np.sum(ranks * average, 1) / np.linalg.norm(average, axis=1)


def distance(a: dict, b: dict) -> dict[str, np.ndarray]:
    """1 − Spearman's correlation of each pair (pair), and the noise ceilings, mean over its networks."""
    found = {"distance": np.clip(1 - np.sum(a["ranks"] * b["ranks"], 1), 0, 2)}
    return found | {f"ceiling_{end}": (a[end] + b[end]) / 2 for end in ("low", "high")}
