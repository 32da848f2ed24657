"""Distance of the attractors of two networks that run by themselves, whatever their states (Hess et al. 2023).

Both networks go on for `steps` steps after the same probe trials, and their outputs are compared as `attractor_error`
compares those of a network with the system. `distance` is D_stsp, the Kullback–Leibler divergence of the places that
they visit, mean of both directions. `spectrum` is D_H, the Hellinger distance of their power spectra. The floor is the
distance of a network from itself after other trials: what the length of the trajectories adds. Rounding alone parts
chaotic trajectories, so that a copy with its units in another order is not at 0, but at most at the floor.
"""

from typing import Annotated

import numpy as np

from degeneracy.metrics import _attractors, _free_run
from degeneracy.plugins.options import Range

LEVEL = "dynamics"
MEASURES = {"distance": ("divergence of the attractors", "nat"), "spectrum": ("distance of the power spectra", "1")}
RANGE = {"distance": (0, None), "spectrum": (0, 1)}
SYMMETRY = "signed"
NEEDS = ("free_run", "readout", "inputs", "targets")


def features(
    population,
    *,
    bins: Annotated[int, Range(2, 100)] = 30,
    smoothing: Annotated[float, Range(0)] = 1.0,
    steps: Annotated[int, Range(10)] = 1000,
    trials: Annotated[int, Range(1)] = 64,
) -> dict[str, np.ndarray]:
    """Places that the outputs visit (network, grid, box) and power spectra (network, frequency, output).

    NaN for a network whose outputs are not finite.
    """
    edges = _attractors.grid(population.trials("train")["targets"].values, bins)
    outputs = _free_run.outputs(population, steps, trials)
    bounded = np.isfinite(outputs).all((1, 2, 3))
    for seed in population.seeds[~bounded]:
        print(f"network {seed}: NaN, because its outputs are not finite when it runs by itself")
    usable = np.where(bounded[:, None, None, None], outputs, 0)
    found = {
        "places": np.array([_attractors.occupation(own, edges) for own in usable]),
        "power": np.array([_attractors.spectrum(own, smoothing) for own in usable]),
    }
    return {name: np.where(bounded[:, None, None], values, np.nan) for name, values in found.items()}


def distance(a: dict, b: dict) -> dict[str, np.ndarray]:
    """Both measures of each pair (pair)."""
    places, powers = (list(zip(a[name], b[name], strict=True)) for name in ("places", "power"))
    both = [(_attractors.divergence(p, q) + _attractors.divergence(q, p)) / 2 for p, q in places]
    return {"distance": np.array(both), "spectrum": np.array([_attractors.hellinger(p, q) for p, q in powers])}
