"""Tasks, a kind of plug-in: trial generators, one task a file.

A file has a dataclass `Task`, whose fields are its options, and may list those that make it more complex:

    COMPLEXITY = ("channels",)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Trials:
    """Inputs (trial, time, input), targets (trial, time, output) and a loss mask (trial, time)."""

    inputs: np.ndarray
    targets: np.ndarray
    mask: np.ndarray


class Task(Protocol):
    """The class of a task's file."""

    @property
    def inputs(self) -> Sequence[str]:
        """A name for each input."""

    @property
    def outputs(self) -> Sequence[str]:
        """A name for each output."""

    def trials(self, generator: np.random.Generator, count: int, ood: bool = False) -> Trials:
        """Draw `count` trials from the training distribution, or from outside it (`ood`)."""

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought."""


class File(Protocol):
    """Constants of a task's file, which it may leave out."""

    COMPLEXITY: tuple[str, ...]
    """Options that make the task more complex: sweeps of them are sweeps of task complexity."""
