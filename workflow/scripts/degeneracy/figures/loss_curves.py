"""Training loss of every network, one panel per level.

Each line is one network. A network converged if the stored network, evaluated on the training trials, is below the
threshold (dashed line). Training stops a few epochs after the loss of an epoch first falls below it.
"""

from matplotlib.ticker import MaxNLocator

from degeneracy.drawing import style
from degeneracy.status import Status

READS = ("networks",)
PER_ROW = 3  # panels


def draw(sweep):
    figure, axes = style.wall(len(sweep.populations), PER_ROW, sharex=True, sharey=True)
    colours = style.level_colours(sweep.populations)
    for axis, (level, population) in zip(axes, sweep.populations.items(), strict=True):
        data = population.networks
        axis.semilogy(data["epoch"], data["loss"].T, color=colours[level], linewidth=0.8, alpha=0.8)
        training = population.condition["training"]
        line = axis.axhline(training["threshold"], color="black", linestyle="--", linewidth=0.8)
        converged = int((population.status == Status.CONVERGED).sum())
        axis.set_title(f"{sweep.at(level)}\n{converged} of {len(population.seeds)} converged")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    measured = training["loss"].replace("mse", "mean squared error").replace("_", " ")
    style.label_outer(axes, "epoch", f"training loss\n({measured})")
    style.legend_below(figure, {"threshold": line})
    return figure
