"""Degeneracy against task complexity, for every task: behaviour, dynamics, weights, and the map of the networks."""

SHAPE = "grid"
COLUMNS = ("behaviour", "dynamics", "weights", "map")
FACTORS = ("complexity",)
