"""Degeneracy against the strength of a penalty on the nuclear norm or the ℓ1 norm of the recurrent weights."""

SHAPE = "grid"
COLUMNS = ("behaviour", "dynamics", "weights")
FACTORS = ("training.nuclear_norm", "training.l1")
