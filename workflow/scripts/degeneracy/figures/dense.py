"""Degeneracy along factors of six levels or more, as curves with bands of their intervals.

A row is a sweep; the axis of its factor is logarithmic where the levels span more than a decade. Behaviour is the
spread (SD) of the logarithm of the loss out of distribution, dynamics the mean DSA distance, weights the mean relative
permutation distance, representation the mean SVCCA distance. Small dots are networks, the band the interval from the
network jackknife. Dashed lines are the networks before training, dotted lines each network against itself. The title
gives the least and the most networks of a level that learnt the task.
"""

from degeneracy.drawing import grid

SCOPE = "experiment"
READS = ("statistics",)
METRICS = ("ood_loss", "dsa", "permutation_distance", "svcca")
LEAST_LEVELS = 6


def draw(experiment):
    columns = (*grid.LEVELS, grid.REPRESENTATION)
    return grid.grid(experiment, columns, draw_panel=grid.curve)
