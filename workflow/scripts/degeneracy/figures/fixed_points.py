"""Fixed points of one network per level, in the plane of its first two principal components.

Thin lines are trajectories on probe trials. Filled circles are stable fixed points, open symbols have one or more
unstable directions, and crosses are slow points. The network is the first that converged; the title counts its fixed
points.
"""

from degeneracy.drawing import style
from degeneracy.drawing.phase_plane import legend, mark, principal_plane
from degeneracy.status import Status

READS = ("networks", "trials", "fixed_points")


def draw(sweep, *, trajectories: int = 8):
    figure, axes = style.panels(1, len(sweep.populations))
    for axis, (level, population) in zip(axes[0], sweep.populations.items(), strict=True):
        one, note = population.example()
        name = f"{sweep.factor_name} {level}, network {one.seeds[0]}{note}"
        if one.status[0] == Status.DIVERGED:
            axis.set_title(name)
            continue
        states = one.states[0]  # (trial, time, unit)
        centre, plane = principal_plane(states)
        for path in (states[:trajectories] - centre) @ plane.T:
            axis.plot(*path.T, color=style.GREY, linewidth=0.4, alpha=0.5, zorder=1)
        points = one.fixed_points
        mark(axis, points, (points["state"].values - centre) @ plane.T)
        converged = points["converged"].values == 1
        stable = int((converged & (points["n_unstable"].values == 0)).sum())
        axis.set_title(f"{name}:\n{stable} stable of {converged.sum()} fixed points")
        axis.set(xlabel="PC 1 (activation)", aspect="equal")
    axes[0, 0].set_ylabel("PC 2 (activation)")
    legend(figure)
    return figure
