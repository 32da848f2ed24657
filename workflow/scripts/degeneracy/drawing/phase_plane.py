"""Fixed points and states in the plane of the first two principal components."""

import numpy as np

from degeneracy.drawing import style

MARKERS = {
    0: ("o", style.BLUE, "stable"),
    1: ("s", style.VERMILLION, "1 unstable direction"),
    2: ("^", style.ORANGE, "2 unstable directions"),
}
MORE = ("D", style.GREEN, "3 or more unstable directions")
MARGINAL = ("P", "black", "marginal")
CONTINUUM = ("*", "black", "continuum")


def principal_plane(states: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[str, str]]:
    """Mean (unit), first two principal directions (2, unit) and their names, of states (trial, time, unit).

    The names have the share of the variance: `PC 1 (61%)`.
    """
    centre = states.mean((0, 1))
    _, values, directions = np.linalg.svd((states - centre).reshape(-1, states.shape[-1]), full_matrices=False)
    shares = values**2 / max(np.sum(values**2), np.finfo(float).tiny)
    return centre, directions[:2], tuple(f"PC {place + 1} ({shares[place]:.0%})" for place in (0, 1))


def inputs_of(points) -> str:
    """How many constant inputs fixed points (a fixed-points artifact) belong to, for a title; "" for one."""
    count = len(np.unique(points["input"].values, axis=0))
    return f" at {count} constant inputs" if count > 1 else ""


def mark(axis, points, place: np.ndarray) -> None:
    """Draw fixed points (a fixed-points artifact) at their places (point, 2), marked by their unstable directions."""
    converged, unstable = points["converged"].values == 1, points["n_unstable"].values
    marginal, continuum = converged & (points["n_marginal"].values > 0), converged & (points["dimension"].values > 0)
    for (marker, colour, label), chosen in ((MARGINAL, marginal & ~continuum), (CONTINUUM, continuum)):
        if chosen.any():
            axis.plot(*place[chosen].T, marker, color=colour, markersize=6, label=label, zorder=6)
    decided = converged & ~marginal & ~continuum
    for count in sorted({min(value, 3) for value in unstable[decided]}):
        marker, colour, label = MARKERS.get(count, MORE)
        chosen = decided & (np.minimum(unstable, 3) == count)
        fill = colour if count == 0 else "white"
        axis.plot(
            *place[chosen].T,
            marker,
            color=colour,
            markerfacecolor=fill,
            markersize=4,
            label=label,
            zorder=5 - count,
        )
    if (~converged).any():
        axis.plot(*place[~converged].T, "x", color="black", markersize=4, label="slow point", zorder=6)


def legend(figure, names=()) -> None:
    """Add one legend for the kinds of fixed points in any panel, after the other labels in `names`."""
    found = style.labelled(figure)
    order = [*names, *(marker[2] for marker in MARKERS.values()), MORE[2], MARGINAL[2], CONTINUUM[2], "slow point"]
    style.legend_below(figure, {label: found[label] for label in order if label in found})
