"""Number of fixed points of each network, in total and with 0, 1, 2, … unstable directions (Sussillo & Barak 2013).

If the indices of the fixed points of bounded units do not add up to 1, some are missing (`fixed_points.find`). The
counts of such a network are too low, and its `complete` is 0.
"""

import numpy as np

LEVEL = "dynamics"
MEASURES = {"value": ("fixed points", "1")}
SYMMETRY = "signed"
RANGE = {"value": (0, None)}
USES = ("fixed_points",)


def value(population) -> dict[str, np.ndarray]:
    """Fixed points (network), the stable ones, the slow points, and `by_unstable` (network, unstable).

    `complete` is 1 if the indices add up to 1 at every constant input, or if they say nothing because units are
    unbounded. Otherwise it is 0.
    """
    points = population.fixed_points
    owner, converged = points["network"].values, points["converged"].values == 1
    unstable = points["n_unstable"].values
    most = int(unstable[converged].max(initial=0))
    own = owner[None] == population.seeds[:, None]  # (network, point)
    complete = np.all(points["index_sum"].sel(seed=population.seeds).values == 1, axis=1)  # (network,)
    if not complete.all() and not population.cell.bounded:  # in this order: asking the cell loads torch
        complete[:] = True
    by_unstable = [(own & converged & (unstable == count)).sum(1) for count in range(most + 1)]
    return {
        "value": (own & converged).sum(1).astype(float),
        "stable": by_unstable[0].astype(float),
        "slow": (own & ~converged).sum(1).astype(float),
        "by_unstable": np.stack(by_unstable, axis=1).astype(float),
        "complete": complete.astype(float),
    }
