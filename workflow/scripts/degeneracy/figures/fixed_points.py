"""Fixed points of one network per level, in the plane of its first two principal components.

Thin lines are trajectories on probe trials. The axes give the share of the variance of the states. Filled circles are
stable fixed points, open symbols have one or more unstable directions, and crosses are slow points. A black plus is a
marginal point, a star the middle of a continuum of fixed points. The network is the first that converged. The title
counts its fixed points and, if some are estimated to be missing, says which share was found. Points of different
constant inputs are drawn together, and the title then says how many inputs there are.
"""

from degeneracy.drawing import style
from degeneracy.drawing.phase_plane import inputs_of, legend, mark, principal_plane
from degeneracy.status import Status

READS = ("networks", "trials", "fixed_points")
PER_ROW = 3  # panels


def draw(sweep, *, trajectories: int = 8):
    figure, axes = style.wall(len(sweep.populations), PER_ROW)
    for axis, (level, population) in zip(axes, sweep.populations.items(), strict=True):
        one, note = population.example()
        name = f"{sweep.at(level)}, network {one.seeds[0]}{note}"
        if one.status[0] == Status.DIVERGED:
            axis.set_title(name)
            continue
        states = one.states[0]  # (trial, time, unit)
        centre, plane, names = principal_plane(states)
        for path in (states[:trajectories] - centre) @ plane.T:
            axis.plot(*path.T, color=style.GREY, linewidth=0.4, alpha=0.5, zorder=1)
        points = one.fixed_points
        mark(axis, points, (points["state"].values - centre) @ plane.T)
        converged = points["converged"].values == 1
        stable = int((converged & (points["n_unstable"].values == 0) & (points["n_marginal"].values == 0)).sum())
        continua = int((points["dimension"].values > 0).sum())
        kinds = f"{stable} stable" + (f", {continua} a continuum," if continua else "")
        counted = f"{kinds} of {converged.sum()} fixed points{inputs_of(points)}"
        axis.set_title(f"{name}:\n{counted}{_missing(points.sel(seed=one.seeds[0]))}", fontsize=7)
        axis.set(xlabel=names[0], ylabel=names[1])
        axis.set_aspect("equal", adjustable="datalim")
    legend(figure)
    return figure


def _missing(points) -> str:
    """The share of the points that was found, with its standard error, for a title; "" if it rounds to all of them."""
    share, error = float(points["completeness"]), float(points["completeness_error"])
    return f",\n{share:.0%} ± {error:.0%} of all" if share < 0.995 else ""
