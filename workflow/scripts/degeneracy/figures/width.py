"""Degeneracy against width: behaviour, dynamics, and the distance of the weights in three normalisations.

A row is a sweep. The raw permutation distance grows with the size of the matrices; divided by n², as in the paper, it
falls with the number n of units by that division alone, before training (dashed) as after it; relative to the norms of
the two matrices it can be compared across widths. Small dots are networks, large dots the populations' degeneracy with
intervals from the network jackknife; n counts the networks that learnt the task. Open triangles are means of proven
lower bounds, dashed lines the networks before training, dotted lines each network against itself. Thin lines that
leave a panel lead to bounds below it. Titles give the fitted change from the first to the last level and its interval.
"""

from degeneracy.drawing import grid

SCOPE = "experiment"
READS = ("statistics",)
METRICS = ("ood_loss", "dsa", "permutation_distance")
FACTORS = ("model.width",)


def draw(experiment):
    normalisations = [("permutation_distance", name) for name in ("distance", "relative", "per_n_squared")]
    return grid.grid(experiment, (*grid.LEVELS[:2], *normalisations))
