"""Degeneracy against the strength γ of feature learning, in networks of the µP cell. A larger γ is richer learning."""

SHAPE = "grid"
COLUMNS = ("behaviour", "dynamics", "weights")
FACTORS = ("model.gamma",)
