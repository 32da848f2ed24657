"""Degeneracy against task complexity, for every task: behaviour, dynamics, weights, and the map of the networks.

A row is a sweep over what makes a task harder. Behaviour is the spread (SD) of the logarithm of the loss out of
distribution, dynamics the mean DSA distance, weights the mean relative permutation distance. Small dots are networks,
large dots the populations' degeneracy with intervals from the network jackknife; n counts the networks that learnt the
task. Open triangles are means of proven lower bounds, dashed lines the networks before training, dotted lines each
network against itself on disjoint halves of the probe trials. Thin lines that leave a panel lead to bounds below it.
Titles give the fitted change from the first to the last level and its interval. The map places every network by
multidimensional scaling of the DSA distances, in the colours of the levels beside it; open symbols did not learn the
task.
"""

from degeneracy.drawing import grid

SCOPE = "experiment"
READS = ("statistics", "map")
METRICS = ("ood_loss", "dsa", "permutation_distance")
FACTORS = ("complexity",)


def draw(experiment):
    return grid.grid(experiment, with_maps=True)
