"""Degeneracy of networks that foretell the chaotic Lorenz-96 system, against everything its sweeps vary.

A row is a sweep. Behaviour is the spread (SD) of the logarithm of the loss out of distribution, dynamics the mean DSA
distance, weights the mean relative permutation distance, representation the mean SVCCA distance. Small dots are
networks, large dots the populations' degeneracy with intervals from the network jackknife; n counts the networks that
learnt the task. Open triangles are means of proven lower bounds, dashed lines the networks before training, dotted
lines each network against itself. Thin lines that leave a panel lead to bounds below it. Titles give the fitted change
from the first to the last level and its interval.
"""

from degeneracy.drawing import grid

SCOPE = "experiment"
READS = ("statistics",)
METRICS = ("ood_loss", "dsa", "permutation_distance", "svcca")
TASKS = ("lorenz96",)


def draw(experiment):
    return grid.grid(experiment, (*grid.LEVELS, grid.REPRESENTATION))
