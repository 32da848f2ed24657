"""Degeneracy in training: do the solutions of a population grow apart or alike as their loss falls?

Each dot is a snapshot: the networks as they were after the first epoch whose mean loss was below a value of
`training.snapshots`, so that networks are compared at matched loss. Training runs from left to right, and the open
circle is its end. Losses are medians over networks, with fixed parameters, on the training trials. Vertical lines are
intervals from the network jackknife. Only networks that converged in the end count; a number beside a dot says how
many of these reached the loss, where not all did.
"""

import numpy as np

from degeneracy.drawing import style
from degeneracy.drawing.panel import measure_label
from degeneracy.plugins.contracts import headlines
from degeneracy.status import Status

READS = ("networks", "statistics")
METRICS = ("ood_loss", "dsa", "permutation_distance", "svcca", "cka")
SNAPSHOTS = True
PER_ROW = 3  # panels


def draw(sweep):
    shown = [name for name in METRICS if name in sweep.statistics]
    measures = dict(headlines().values())  # by metric
    figure, axes = style.wall(len(shown), PER_ROW)
    colours = style.level_colours(sweep.populations)
    for axis, name in zip(axes, shown, strict=True):
        data = sweep.statistics[name].sel(measure=measures.get(name, "distance"))
        for place, (level, population) in enumerate(sweep.populations.items()):
            _curve(axis, data.isel(level=place), population, colours[level], sweep.at(level))
        axis.set(xscale="log", xlabel="loss on the training trials", ylabel=measure_label(data))
        axis.set_ylim(0, 1.05 * axis.get_ylim()[1])  # so that no dot is cut at the top
        axis.invert_xaxis()
    style.legend_below(figure, style.labelled(figure))
    return figure


def _curve(axis, data, population, colour, label: str) -> None:
    """Degeneracy of one level against the loss of its networks, from the first snapshot to the end of training."""
    converged = population.networks.isel(network=np.flatnonzero(population.status == Status.CONVERGED))
    points = []  # loss, degeneracy, lower and upper end of its interval
    for place, count in enumerate(data["snapshot_n_used"].values):
        if count > 1:
            at, losses = data.isel(snapshot=place), converged["snapshot_loss"].values[:, place]
            ends = [float(at[f"snapshot_{name}"]) for name in ("degeneracy", "interval_low", "interval_high")]
            points.append((np.nanmedian(losses), *ends))
            if count < converged.sizes["network"]:
                axis.annotate(count, points[-1][:2], (3, 3), textcoords="offset points", fontsize=6)
    points.sort(reverse=True)
    if converged.sizes["network"]:
        ends = [float(data[name]) for name in ("degeneracy", "interval_low", "interval_high")]
        points.append((np.median(converged["final_loss"]), *ends))
        axis.plot(*points[-1][:2], "o", color=colour, markerfacecolor="white", markersize=4.5, zorder=3)
    for loss, _, low, high in points:
        axis.plot([loss, loss], [low, high], color=colour, linewidth=0.8, alpha=0.6)
    losses, degeneracy = zip(*(point[:2] for point in points), strict=True) if points else ((), ())
    axis.plot(losses, degeneracy, ".-", color=colour, markersize=5, label=label)
