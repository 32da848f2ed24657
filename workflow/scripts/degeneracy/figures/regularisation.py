"""Degeneracy against the strength of a penalty on the nuclear norm or the ℓ1 norm of the recurrent weights.

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
FACTORS = ("training.nuclear_norm", "training.l1")


def draw(experiment):
    return grid.grid(experiment)
