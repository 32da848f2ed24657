"""How far the attractor of a network that runs by itself is from that of the system that it learned (Hess et al. 2023).

After each of the first probe trials, a network goes on for `steps` steps, with its own outputs as its inputs or, if the
task is autonomous, with none. Its outputs are compared with as many trajectories of the system, from a fixed random
stream. `value` is D_stsp, the Kullback–Leibler divergence of the places that the system and the network visit, on a
grid of `bins` boxes a variable around the training targets. Of more than three variables, it is the mean over the
planes of two neighbours. `spectrum` is D_H, the Hellinger distance of the power spectra, smoothed over `smoothing`
frequencies, mean over variables. The same trajectories have 0. Other trajectories of the system have `system_value` and
`system_spectrum`, below which no network can be expected to be.

Hess et al. take one long trajectory, and we several. They leave out states beyond the grid, which here count in the
boxes at its rim. For more than five variables they use mixtures of Gaussians; with these, two sets of trajectories of
Lorenz-96 (D = 40) at F = 8 were as far apart as those at F = 8 and at F = 6. A network that comes to rest has all its
power at frequency 0, so its D_H is large.
"""

from dataclasses import replace
from typing import Annotated

import numpy as np

from degeneracy.metrics import _attractors, _free_run
from degeneracy.plugins.options import Range

LEVEL = "dynamics"
MEASURES = {"value": ("divergence from the attractor", "nat"), "spectrum": ("distance of the power spectra", "1")}
RANGE = {"value": (0, None), "spectrum": (0, 1)}
SYMMETRY = "signed"
NEEDS = ("free_run", "readout", "inputs", "targets")


def value(
    population,
    *,
    bins: Annotated[int, Range(2, 100)] = 30,
    smoothing: Annotated[float, Range(0)] = 1.0,
    steps: Annotated[int, Range(10)] = 1000,
    trials: Annotated[int, Range(1)] = 64,
) -> dict[str, np.ndarray]:
    """D_stsp and D_H (network) from the system. NaN for a network whose outputs are not finite."""
    edges = _attractors.grid(population.trials("train")["targets"].values, bins)
    task, generator = replace(population.task, time_steps=steps), np.random.default_rng(0)

    def described(own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return _attractors.occupation(own, edges), _attractors.spectrum(own, smoothing)

    system = task.trials(generator, 2 * trials).targets
    true, again = (described(own) for own in np.split(system, 2))

    def error(places: np.ndarray, power: np.ndarray) -> tuple[float, float]:
        return _attractors.divergence(true[0], places), _attractors.hellinger(true[1], power)

    found = []
    for seed, own in zip(population.seeds, _free_run.outputs(population, steps, trials), strict=True):
        if not np.isfinite(own).all():
            print(f"network {seed}: NaN, because its outputs are not finite when it runs by itself")
        found.append(error(*described(own)) if np.isfinite(own).all() else (np.nan, np.nan))
    values, spectra = np.array(found).T
    names = dict(zip(("system_value", "system_spectrum"), error(*again), strict=True))
    return {"value": values, "spectrum": spectra} | {name: np.full(len(found), it) for name, it in names.items()}
