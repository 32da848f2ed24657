"""Degeneracy against the strength γ of feature learning, in networks of the µP cell; larger γ is richer.

A row is a sweep. Behaviour is the spread (SD) of the logarithm of the loss out of distribution, dynamics the mean DSA
distance, weights the mean relative permutation distance. Small dots are networks, large dots the populations'
degeneracy with intervals from the network jackknife; n counts the networks that learnt the task. Open triangles are
means of proven lower bounds, dashed lines the networks before training, dotted lines each network against itself. Thin
lines that leave a panel lead to bounds below it. Titles give the fitted change from the first to the last level and
its interval.
"""

from degeneracy.drawing import grid

SCOPE = "experiment"
READS = ("statistics",)
METRICS = ("ood_loss", "dsa", "permutation_distance")
FACTORS = ("model.gamma",)


def draw(experiment):
    return grid.grid(experiment)
