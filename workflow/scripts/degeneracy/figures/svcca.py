"""Degeneracy of the representation, as the mean SVCCA distance, against every factor."""

SHAPE = "grid"
COLUMNS = ("representation",)
