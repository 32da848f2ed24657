"""Degeneracy against the factor, under one metric.

Small dots are networks: the mean distance of each to the others of its level, or its deviation from the centre of the
level. The large dot is the degeneracy of the population, with its interval from the bootstrap over networks, where
there are enough. n counts the networks that converged. An open triangle is the mean of the proven lower bounds of the
distances; the true degeneracy lies between it and the dot. Thin lines are references: the networks before training
(dashed), and each network against itself on other trials (dotted, the floor). The title gives the fitted change from
the smallest to the largest level, with its interval. If the two levels are not numeric, the change runs from the first
to the second.
"""

from degeneracy.drawing import style
from degeneracy.drawing.panel import legend, panel

SCOPE = "metric"
READS = ("statistics",)


def draw(sweep):
    (data,) = sweep.statistics.values()
    figure, axes = style.panels(1, data.sizes["measure"])
    for axis, measure in zip(axes[0], data["measure"].values, strict=True):
        panel(axis, data.sel(measure=measure), sweep.axis_label)
    legend(figure)
    return figure
