"""Number of fixed points of each network, in total and with 0, 1, 2, … unstable directions (Sussillo & Barak 2013).

Where a task has several constant inputs, the counts are sums over them: the points of one input are not fixed points at
another. A continuum of fixed points (a line, a ring) counts as one.

The search may miss points. `completeness` estimates the share of them that it found (`fixed_points.find`).
"""

import numpy as np

LEVEL = "dynamics"
MEASURES = {"value": ("fixed points, all constant inputs", "1")}
SYMMETRY = "signed"
RANGE = {"value": (0, None)}
USES = ("fixed_points",)


def value(population) -> dict[str, np.ndarray]:
    """Fixed points (network), the stable ones, the slow points, and `by_unstable` (network, unstable).

    `marginal` counts the points with an eigenvalue on the unit circle, of which linear analysis does not know whether
    they are stable. They are not in `stable` or `by_unstable`. `continua` counts those that stand for a continuum.
    `completeness` is the estimated share of all fixed points that was found, `completeness_error` its standard error.
    """
    points = population.fixed_points
    converged, marginal = points["converged"].values == 1, points["n_marginal"].values > 0
    own = points["network"].values[None] == population.seeds[:, None]  # (network, point)
    unstable, decided = points["n_unstable"].values, converged & ~marginal
    most = int(unstable[decided].max(initial=0))
    by_unstable = [(own & decided & (unstable == count)).sum(1) for count in range(most + 1)]
    counts = {
        "value": (own & converged).sum(1),
        "stable": by_unstable[0],
        "marginal": (own & converged & marginal).sum(1),
        "continua": (own & converged & (points["dimension"].values > 0)).sum(1),
        "slow": (own & ~converged).sum(1),
        "by_unstable": np.stack(by_unstable, axis=1),
    }
    shares = points[["completeness", "completeness_error"]].sel(seed=population.seeds)
    return {name: found.astype(float) for name, found in counts.items()} | {
        name: shares[name].values for name in shares
    }
