"""Sparse connectivity: which recurrent weights of a network exist."""

import numpy as np

RECURRENT = ("unit", "source_unit")  # dims of the parameters that are masked


def draw_connections(width: int, density: float, seed: int) -> np.ndarray:
    """Mask (unit, source_unit) of the share `density` of all pairs of units, chosen at random for each network."""
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3,)))
    mask = np.zeros(width**2, bool)
    mask[generator.choice(width**2, round(density * width**2), replace=False)] = True
    return mask.reshape(width, width)


def masks(cell, density: float, seed: int) -> dict[str, np.ndarray]:
    """The mask of each recurrent matrix of a network by name, one mask for all; nothing if all weights exist."""
    if density == 1:
        return {}
    mask = draw_connections(cell.width, density, seed)
    return {name: mask for name, dims in cell.parameter_dims().items() if dims == RECURRENT}


def thinned(parameters: dict[str, np.ndarray], chosen: dict[str, np.ndarray], density: float) -> dict[str, np.ndarray]:
    """Parameters before training with the chosen weights alone, larger by 1/√density.

    The variance of what arrives at a unit, and with it the radius of the eigenvalues, stays as without a mask.
    """
    # ASSUME: networks of different density start with recurrent drives of the same size
    return parameters | {name: parameters[name] * mask / density**0.5 for name, mask in chosen.items()}
