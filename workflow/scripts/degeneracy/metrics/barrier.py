"""Loss barrier on the straight path between two networks whose units are matched: are they in one basin?

The barrier is the largest excess of the loss, at `points` points of the path with the ends among them, over the
straight line between the losses of the two networks (Frankle et al. 2020; Entezari et al. 2022). `distance` is that on
training trials, `ood` that on trials out of distribution: networks that are connected there, too, share a mechanism
(Lubana et al. 2023). Both are on the first `trials` trials of the group.

Before that, the units of the second network are matched to those of the first, by one permutation of all their weights
together, with signs where the activation is odd (weight matching of Ainsworth et al. 2023, by our solver, which has
lower minima), or by the correlation of their activity on probe trials (their activation matching; Li et al. 2016),
whichever has the lower barrier on training trials; `by_activity` says which. Beside it stand `unaligned` and
`unaligned_ood`, the barriers without matching, which depend on the order of the units. Of networks that are trained on
sets of trials of their own (`data_seeds`), the loss is on set 0.
"""

from typing import Annotated

import numpy as np

from degeneracy.metrics import _barrier
from degeneracy.plugins.options import Range

LEVEL = "weights"
MEASURES = {
    "distance": ("loss barrier after matching", "output units squared"),
    "ood": ("loss barrier after matching, out of distribution", "output units squared"),
}
SYMMETRY = "signed"
RANGE = {"distance": (0, None), "ood": (0, None)}
NEEDS = ("weights", "readout", "targets")
SAME_TRIALS = True
ONE_MATRIX = True


def features(population) -> dict[str, np.ndarray]:
    """All parameters of each network (network, parameter), and what its units are matched by."""
    return _barrier.features_of(population)


def distance(
    a: dict, b: dict, population, *, points: Annotated[int, Range(3)] = 11, trials: Annotated[int, Range(1)] = 64
) -> dict[str, np.ndarray]:
    """Barriers of each pair (pair), with and without matching."""
    return _barrier.between(a, b, population, points, trials)
