"""Degeneracy against the factor, under one metric.

Small dots are networks (their mean distance to the others of their level, or their deviation from the level's
centre); the large dot is the population's degeneracy with its interval from the network jackknife. n counts the
networks that learnt the task. An open triangle is the mean of the proven lower bounds of the distances: the true
degeneracy lies between it and the dot. Thin lines are what distances are compared with: the networks before training
(dashed), and each network against itself on disjoint halves of the probe trials (dotted). The title gives the fitted
change from the smallest to the largest level (of two levels that are no numbers, from the first to the second) and its
interval.
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
