"""Degeneracy of networks that predict the chaotic Lorenz-96 system, against every factor that its sweeps vary."""

SHAPE = "grid"
COLUMNS = ("behaviour", "dynamics", "weights", "representation")
TASKS = ("lorenz96",)
