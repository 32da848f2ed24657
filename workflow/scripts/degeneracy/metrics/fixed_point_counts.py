"""Fixed points of each network: how many, and how many with 0, 1, 2, … unstable directions (Sussillo & Barak 2013)."""

import numpy as np

LEVEL = "dynamics"
MEASURES = {"value": ("fixed points", "1")}
USES = ("fixed_points",)


def value(population) -> dict[str, np.ndarray]:
    """Fixed points (network), the stable ones, and slow points kept apart; `by_unstable` (network, unstable)."""
    points = population.fixed_points
    owner, converged = points["network"].values, points["converged"].values == 1
    unstable = points["n_unstable"].values
    most = int(unstable[converged].max(initial=0))
    own = owner[None] == population.seeds[:, None]  # (network, point)
    by_unstable = [(own & converged & (unstable == count)).sum(1) for count in range(most + 1)]
    return {
        "value": (own & converged).sum(1).astype(float),
        "stable": by_unstable[0].astype(float),
        "slow": (own & ~converged).sum(1).astype(float),
        "by_unstable": np.stack(by_unstable, axis=1).astype(float),
    }
