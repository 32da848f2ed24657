"""Tasks, a kind of plug-in: trial generators, one task a file."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Trials:
    """Inputs (trial, time, input), targets (trial, time, output) and a loss mask (trial, time)."""

    inputs: np.ndarray
    targets: np.ndarray
    mask: np.ndarray
