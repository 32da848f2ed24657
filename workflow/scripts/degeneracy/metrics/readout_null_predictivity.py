"""Linear predictivity of the part of the states that the readout does not see, as a distance 1 − R².

Two networks that solve a task have similar outputs, which makes states predictable. Here the states of both are
projected onto the null space of their own readout before they are compared as in `linear_predictivity` (Kornblith et
al. 2019, appendix, without the projection). `seen` is the share of the variance that the projection removes.

# ASSUME: the null space is that of the derivative of the outputs at the mean state. For a linear readout, it is the
same at all states.
"""

from typing import Annotated

import numpy as np

from degeneracy.metrics._predictivity import folded, unexplained
from degeneracy.metrics._representation import moving
from degeneracy.plugins.options import Range

LEVEL = "representation"
MEASURES = {"distance": ("variance beyond the readout not predicted linearly", "1")}
SYMMETRY = "signed"
NEEDS = ("readout",)
RANGE = {"distance": (0, None)}
SAME_TRIALS = True
REQUIRES = ("folds <= trials", "folds <= trials.probe")


def features(
    population, *, trials: Annotated[int, Range(2)] = 128, folds: Annotated[int, Range(2)] = 4
) -> dict[str, np.ndarray]:
    """Centred states without what the readout sees, by fold, with their products, and the share `seen` (network).

    NaN for a network that stands still, or whose readout sees all its states.
    """
    left, seen = [], []
    networks = zip(population.states_of_each(trials), population.seeds, strict=True)
    for network, (states, seed) in enumerate(networks):
        whole, visible = moving(states, seed), visible_directions(population, network, states.mean((0, 1)))
        rest = whole - whole @ visible @ visible.T
        share = 1 - np.square(rest).sum() / np.square(whole).sum()
        if share > 1 - 1e-12:
            print(f"network {seed}: NaN, because its readout sees all directions of its states")
            rest[:] = np.nan
        left.append(rest)
        seen.append(share)
    return folded(np.stack(left), folds) | {"seen": np.array(seen)}


def visible_directions(population, network: int, state: np.ndarray) -> np.ndarray:
    """Orthonormal directions (unit, direction) along which the outputs of one network change at a state (unit)."""
    import torch

    parameters = {name: torch.as_tensor(x[network : network + 1]).double() for name, x in population.parameters.items()}
    cell = population.cell
    slopes = torch.autograd.functional.jacobian(
        lambda one: cell.readout(parameters, one[None, None])[0, 0], torch.as_tensor(state)
    ).numpy()  # (output, unit)
    if not np.isfinite(slopes).all():
        return np.full((len(state), 1), np.nan)
    _, sizes, directions = np.linalg.svd(slopes, full_matrices=False)
    return directions[sizes > 1e-10 * max(sizes[0], 1e-300)].T


def distance(a: dict, b: dict) -> dict[str, np.ndarray]:
    """1 − R² of each pair (pair), and the mean share of variance `seen` by the readouts."""
    return {"distance": unexplained(a, b), "seen": (a["seen"] + b["seen"]) / 2}
