"""Degeneracy against width: behaviour, dynamics, and the distance of the weights in three normalisations.

The raw permutation distance grows with the size of the matrices. Divided by n², as in the paper, it falls with the
number n of units through that division alone, before training (dashed) as well as after it. Relative to the norms of
the two matrices, it can be compared across widths.
"""

SHAPE = "grid"
COLUMNS = (
    "behaviour",
    "dynamics",
    "permutation_distance.distance",
    "permutation_distance.relative",
    "permutation_distance.per_n_squared",
)
FACTORS = ("model.width",)
