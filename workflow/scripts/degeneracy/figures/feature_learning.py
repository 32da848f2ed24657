"""How far training moved the networks from their initialisation, against task complexity.

The change of the recurrent weights is its Frobenius norm. The alignment compares the neural tangent kernels before and
after training: it is 1 for lazy learning, and smaller the more features the network learned.
"""

SHAPE = "grid"
COLUMNS = ("weight_change.mean", "kernel_alignment.mean")
FACTORS = ("complexity",)
