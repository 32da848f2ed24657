"""Degeneracy of the representation, the mean SVCCA distance, against everything that is swept.

A panel is a sweep. Small dots are networks, large dots the populations' degeneracy with intervals from the network
jackknife; n counts the networks that learnt the task. Dashed lines are the networks before training, dotted lines each
network against itself: 0 by construction, and drawn where a panel reaches down to it. Titles give the fitted change
from the first to the last level and its interval.
"""

from degeneracy.drawing import grid

SCOPE = "experiment"
READS = ("statistics",)
METRICS = ("svcca",)


def draw(experiment):
    return grid.wall(experiment, *grid.REPRESENTATION)
