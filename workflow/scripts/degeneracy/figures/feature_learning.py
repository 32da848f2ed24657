"""How far training moved networks from their initialisation, against task complexity.

A row is a sweep. The change of the recurrent weights is its Frobenius norm; the alignment of the neural tangent
kernels before and after training is 1 for a network that stayed lazy and less the more features it learnt. Small dots
are networks, large dots their means with intervals from the network jackknife; n counts the networks that learnt the
task. Titles give the fitted change from the first to the last level and its interval.
"""

from degeneracy.drawing import grid

SCOPE = "experiment"
READS = ("statistics",)
METRICS = ("weight_change", "kernel_alignment")
FACTORS = ("complexity",)


def draw(experiment):
    return grid.grid(experiment, [(metric, "mean") for metric in METRICS])
