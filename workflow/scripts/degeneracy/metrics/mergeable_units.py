"""How many units of a network can be merged with others or removed before its loss leaves the threshold.

Units go one after the other: where the rate of a unit was needed, we put a linear function of the rate of the unit that
is most like it, or a constant if it is like no other (after iterative feature merging, Chen et al. 2024, which averages
two units where we keep one of them [ours]). It ends where no unit can go. The loss is that of the free network on the
first `trials` training trials, without training it again. It may rise to `tolerance` times the threshold of the
condition; a network that is above this may lose only units without which its loss does not rise. `left` is how many
units are left, `constants` how many of the others became constants.

A published flip-flop network of 64 units shrinks to 11 at full accuracy. Ours of 2, 3 and 4 bits (64 units, threshold
0.001) keep 55 to 62 units at their threshold. Three networks each keep 25 to 44 with `tolerance` 10, with all signs of
outputs right on 512 probe trials, 11 to 20 with 30 (at least 99.995% right), and 3 to 9 with 100 (at least 99.4%). So
accuracy allows a loss that is tens of times the threshold, and the number of units is that of a tolerance.

This is for cells of rates r = φ(a) whose next currents a are linear in r. With other cells networks get NaN.
"""

from typing import Annotated

import numpy as np
import torch

from degeneracy.devices import to_device
from degeneracy.metrics._reduction import Network, reduced
from degeneracy.metrics._trials import Trials
from degeneracy.plugins.options import Range

LEVEL = "weights"
MEASURES = {"value": ("units that can be merged or removed", "units")}
SYMMETRY = "signed"
RANGE = {"value": (0, None)}
NEEDS = ("weights", "readout", "targets")
ONE_MATRIX = True
ROUNDING = 1e-6  # share by which the loss of a network above the threshold may rise


def value(
    population, *, tolerance: Annotated[float, Range(1)] = 1.0, trials: Annotated[int, Range(1)] = 64
) -> dict[str, np.ndarray]:
    """Units (network) that can go, those that are left and that became constants, and the loss before and after."""
    names = ("value", "left", "constants", "own_loss", "loss")
    if getattr(population.cell, "keep", None) is None:
        print(f"all networks: NaN, because the cell {population.condition['model'].get('cell')} is not one of rates")
        return dict.fromkeys(names, np.full(len(population.seeds), np.nan))
    train, threshold = Trials.of(population, "train", trials), population.condition["training"].get("threshold", 0)
    with torch.no_grad():
        rows = [_of(population, index, train, tolerance * threshold) for index in range(len(population.seeds))]
    return dict(zip(names, np.array(rows, float).T, strict=True))


def _of(population, index: int, trials: Trials, limit: float) -> tuple[float, ...]:
    """The results of one network."""
    parameters = {name: to_device(x[[index]], population.device) for name, x in population.parameters.items()}
    whole = Network.of(population.cell, parameters)
    loss, units = float(whole.losses(trials)), whole.bias.shape[1]
    if not np.isfinite(loss):
        print(f"network {population.seeds[index]}: NaN, because its loss on the training trials is not finite")
        return (np.nan,) * 5
    left, constants = reduced(whole, trials, max(limit, loss * (1 + ROUNDING)))
    now = left.bias.shape[1]
    return units - now, now, constants, loss, float(left.losses(trials))
