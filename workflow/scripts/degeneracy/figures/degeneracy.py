"""Degeneracy against the factor, under one metric.

Small dots are networks: the mean distance of each to the others of its level, or its deviation from the centre of the
level. The large dot is the degeneracy of the population, with its interval from the bootstrap over networks, where
there are enough. n counts the networks that converged. An open triangle is the mean of the proven lower bounds of the
distances; the true degeneracy lies between it and the dot. Thin lines are references: the networks before training
(dashed, the ceiling), and each network against itself on other trials (dotted, the floor). The title gives the change
from the smallest to the largest level in percent, with its interval. If the two levels are not numeric, the change runs
from the first to the second.
"""

from degeneracy.drawing import style
from degeneracy.drawing.panel import legend, panel

SCOPE = "metric"
READS = ("statistics",)
PER_ROW = 3  # panels


def draw(sweep):
    (data,) = sweep.statistics.values()
    across = min(data.sizes["measure"], PER_ROW)
    figure, axes = style.panels(-(-data.sizes["measure"] // across), across)
    for axis, measure in zip(axes.flat, data["measure"].values, strict=False):
        panel(axis, data.sel(measure=measure), sweep.axis_label, bounds=True)
    for axis in axes.flat[data.sizes["measure"] :]:
        axis.remove()
    legend(figure)
    return figure
