"""Degeneracy against two demands on a task: longer delays to remember, and an auxiliary output to give."""

SHAPE = "grid"
COLUMNS = ("behaviour", "dynamics", "weights")
FACTORS = ("task.delay_maximum", "task.auxiliary")
