"""Fixed points of each network: how many, and how many with 0, 1, 2, … unstable directions (Sussillo & Barak 2013).

Fixed points of bounded units whose indices do not add up to 1 are not all that there are (`fixed_points.find`): the
counts of such a network are too low, and `complete` says so.
"""

import numpy as np

LEVEL = "dynamics"
MEASURES = {"value": ("fixed points", "1")}
SYMMETRY = "signed"
RANGE = {"value": (0, None)}
USES = ("fixed_points",)


def value(population) -> dict[str, np.ndarray]:
    """Fixed points (network), the stable ones, and slow points kept apart; `by_unstable` (network, unstable).

    `complete` is 1 where the indices add up to 1 at every constant input, or nothing is known of them because units
    are unbounded, and else 0.
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
