"""Outcomes of training, as stored in `status`."""

from enum import IntEnum


class Status(IntEnum):
    """Whether the stored network is below the threshold of its task, or its loss is not finite."""

    NOT_CONVERGED = 0
    CONVERGED = 1
    DIVERGED = 2
