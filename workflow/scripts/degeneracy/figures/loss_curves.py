"""Training loss of every network, one panel a level.

Each line is one network; the dashed line is the threshold below which a network has learnt the task. Networks stop
a few epochs after they cross it.
"""

from matplotlib.ticker import MaxNLocator

from degeneracy.drawing import style
from degeneracy.status import Status

READS = ("networks",)


def draw(sweep):
    figure, axes = style.panels(1, len(sweep.populations), sharex=True, sharey=True)
    colours = style.level_colours(sweep.populations)
    for axis, (level, population) in zip(axes[0], sweep.populations.items(), strict=True):
        data = population.networks
        axis.semilogy(data["epoch"], data["loss"].T, color=colours[level], linewidth=0.8, alpha=0.8)
        axis.axhline(population.condition["training"]["threshold"], color="black", linestyle="--", linewidth=0.8)
        learnt = int((population.status == Status.CONVERGED).sum())
        axis.set_title(f"{sweep.factor_name} {level}: {learnt} of {len(population.seeds)} learnt the task")
        axis.set_xlabel("epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0, 0].set_ylabel("training MSE")
    return figure
