"""Singular-vector canonical correlation analysis of the states on the probe trials (Raghu et al. 2017).

The distance is 1 − the mean canonical correlation of the subspaces that hold most of the variance of each network.
"""

from typing import Annotated

import numpy as np
import torch

from degeneracy.devices import to_device, to_numpy
from degeneracy.metrics._representation import moving
from degeneracy.plugins.options import Range

LEVEL = "representation"
HEADLINE = "distance"
MEASURES = {"distance": ("SVCCA distance", "1")}
SYMMETRY = "rotation"
RANGE = {"distance": (0, 1)}
SAME_TRIALS = True


def features(population, *, variance: Annotated[float, Range(0, 1)] = 0.99) -> dict[str, np.ndarray]:
    """Orthonormal bases (network, sample, component) of the centred states, and their dimension (network).

    We keep the leading principal directions that together hold the fraction `variance` of the variance, and pad bases
    that have fewer dimensions than the largest with zeros. NaN for a network that did not converge and whose states
    never change.
    """
    samples = population.states.reshape(len(population.seeds), -1, population.states.shape[-1])
    bases = [
        basis(each, variance, population.device) if moves else np.full((len(each), 1), np.nan)
        for each, moves in zip(samples, moving(population), strict=True)
    ]
    dimension = np.array([one.shape[1] for one in bases])
    padded = [np.pad(one, ((0, 0), (0, dimension.max() - one.shape[1]))) for one in bases]
    return {"basis": np.stack(padded), "dimension": dimension}


def basis(samples: np.ndarray, variance: float, device: str = "cpu") -> np.ndarray:
    """Orthonormal basis (sample, component) of samples (sample, unit) along their leading principal directions."""
    left, singular, _ = svd(samples - samples.mean(0), device)
    share = np.cumsum(singular**2) / np.sum(singular**2)
    # ASSUME: directions below 1e-10 of the largest are rounding, whatever the value of `variance`
    count = min(np.searchsorted(share, variance) + 1, int((singular > 1e-10 * singular[0]).sum()))
    return left[:, :count]


def svd(matrices: np.ndarray, device: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thin singular value decomposition of matrices (…, row, column), by NumPy on the CPU."""
    if torch.device(device).type == "cpu":
        return np.linalg.svd(matrices, full_matrices=False)
    return tuple(map(to_numpy, torch.linalg.svd(to_device(matrices, device), full_matrices=False)))


def distance(a: dict, b: dict, device: str = "cpu") -> np.ndarray:
    """1 − mean canonical correlation of each pair (pair)."""
    if torch.device(device).type == "cpu":
        correlation = np.linalg.svd(a["basis"].mT @ b["basis"], compute_uv=False)  # (pair, component)
    else:
        one, other = (to_device(each["basis"], device) for each in (a, b))
        correlation = to_numpy(torch.linalg.svdvals(one.mT @ other))
    fewest = np.minimum(a["dimension"], b["dimension"])
    return 1 - np.minimum(correlation, 1).sum(1) / fewest
