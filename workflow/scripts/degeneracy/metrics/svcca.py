"""Singular-vector canonical correlation analysis of the states on the probe trials (Raghu et al. 2017).

The distance is 1 − the mean canonical correlation of the subspaces that hold most of the variance of each network.
"""

from typing import Annotated

import numpy as np
import torch

from degeneracy.devices import to_device, to_numpy
from degeneracy.metrics._representation import centred
from degeneracy.plugins.options import Range

LEVEL = "representation"
HEADLINE = "distance"
MEASURES = {"distance": ("SVCCA distance", "1")}
SYMMETRY = "rotation"
RANGE = {"distance": (0, 1)}
SAME_TRIALS = True


def features(
    population, *, variance: Annotated[float, Range(0, 1)] = 0.99, trials: Annotated[int, Range(1)] = 128
) -> dict[str, np.ndarray]:
    """Orthonormal bases (network, sample, component) of the centred states, and their dimension (network).

    We keep the leading principal directions that together hold the fraction `variance` of the variance, and pad bases
    that have fewer dimensions than the largest with zeros. NaN for a network that did not converge and whose states
    never change.
    """
    bases = [basis(each, variance, population.device) for each in centred(population, trials)]
    dimension = np.array([one.shape[1] for one in bases])
    padded = np.zeros((len(bases), len(bases[0]), dimension.max()))
    for own, one in zip(padded, bases, strict=True):
        own[:, : one.shape[1]] = one
    return {"basis": padded, "dimension": dimension}


def basis(samples: np.ndarray, variance: float, device: str = "cpu") -> np.ndarray:
    """Orthonormal basis (sample, component) of centred samples (sample, unit) along their leading principal directions.

    One column of NaN for samples that are NaN.
    """
    if np.isnan(samples).any():
        return np.full((len(samples), 1), np.nan)
    left, singular, _ = svd(samples, device)
    share = np.cumsum(singular**2) / np.sum(singular**2)
    # ASSUME: directions below 1e-10 of the largest are rounding, whatever the value of `variance`
    count = min(np.searchsorted(share, variance) + 1, int((singular > 1e-10 * singular[0]).sum()))
    return left[:, :count].copy()  # not a view, which would keep all columns in memory


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
