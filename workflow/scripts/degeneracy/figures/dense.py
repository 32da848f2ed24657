"""Degeneracy along factors with six or more levels, as curves with bands."""

SHAPE = "curves"
COLUMNS = ("behaviour", "dynamics", "weights", "representation")
LEAST_LEVELS = 6
