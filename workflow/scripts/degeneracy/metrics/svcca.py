"""Singular-vector canonical correlation analysis of the states on the probe trials (Raghu et al. 2017).

The distance is 1 − the mean canonical correlation of the subspaces that hold most of each network's variance.
"""

from typing import Annotated

import numpy as np

from degeneracy.units import Range

LEVEL = "representation"
MEASURES = {"distance": ("SVCCA distance", "1")}
SAME_TRIALS = True


def features(population, *, variance: Annotated[float, Range(0, 1)] = 0.99) -> dict[str, np.ndarray]:
    """Orthonormal bases (network, sample, component) of the centred states, and their dimension (network).

    The leading principal directions that together hold the fraction `variance` of the variance are kept; bases of
    fewer dimensions than the largest are padded with zeros.
    """
    bases = [basis(states.reshape(-1, states.shape[-1]), variance) for states in population.states]
    dimension = np.array([one.shape[1] for one in bases])
    padded = [np.pad(one, ((0, 0), (0, dimension.max() - one.shape[1]))) for one in bases]
    return {"basis": np.stack(padded), "dimension": dimension}


def basis(samples: np.ndarray, variance: float) -> np.ndarray:
    """Orthonormal basis (sample, component) of samples (sample, unit) along their leading principal directions."""
    left, singular, _ = np.linalg.svd(samples - samples.mean(0), full_matrices=False)
    share = np.cumsum(singular**2) / np.sum(singular**2)
    # ASSUME: directions below 1e-10 of the largest are rounding, whatever the variance asked for
    count = min(np.searchsorted(share, variance) + 1, int((singular > 1e-10 * singular[0]).sum()))
    return left[:, :count]


def distance(a: dict, b: dict) -> np.ndarray:
    """1 − mean canonical correlation of each pair (pair)."""
    correlation = np.linalg.svd(a["basis"].mT @ b["basis"], compute_uv=False)  # (pair, component)
    fewest = np.minimum(a["dimension"], b["dimension"])
    return 1 - np.minimum(correlation, 1).sum(1) / fewest
