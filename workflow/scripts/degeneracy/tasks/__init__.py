"""Tasks, a kind of plug-in: trial generators, one task a file.

A file has a dataclass `Task`, whose fields are its options, and may list those that make it more complex:

    COMPLEXITY = ("channels",)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

Ood = Literal["generalisation", "longer"]  # how trials differ from the training trials


@dataclass(frozen=True)
class Trials:
    """Inputs (trial, time, input), targets (trial, time, output) and a loss mask (trial, time).

    `fed_back` (time) is for trials in which a network gets its own outputs as inputs (closed loop): the step whose
    outputs are the inputs of this step, or −1 for the inputs that are given.
    """

    inputs: np.ndarray
    targets: np.ndarray
    mask: np.ndarray
    fed_back: np.ndarray | None = None


class Task(Protocol):
    """The class of a task's file."""

    @property
    def inputs(self) -> Sequence[str]:
        """A name for each input."""

    @property
    def outputs(self) -> Sequence[str]:
        """A name for each output."""

    def trials(self, generator: np.random.Generator, count: int, ood: Ood | None = None) -> Trials:
        """Draw `count` trials from the training distribution, or from outside it.

        Out of distribution (`ood`) they are what the task's field takes for generalisation, or they are longer.
        """

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought."""


class CategoricalTask(Task, Protocol):
    """What a task may say besides of its targets."""

    @property
    def categorical(self) -> bool:
        """Whether they are categories, a one for the category and zeros, so that a cross entropy can be the loss."""


class FewTrials(Task, Protocol):
    """What a task may say besides of how many different trials it has."""

    def distinct(self) -> Trials | None:
        """Each trial of the training distribution once; None if they are too many to list."""


class AutonomousTask(Task, Protocol):
    """What a task may say besides of what the network does."""

    @property
    def autonomous(self) -> bool:
        """Whether it generates a trajectory by itself, so that teacher forcing can act on its state."""


class PredictionTask(Task, Protocol):
    """What a task has besides whose targets are its inputs some steps later, so that a network can go on by itself."""

    @property
    def horizon(self) -> int:
        """How many steps: an output is the input of this many steps later. Nothing else may be called so."""

    @property
    def time_steps(self) -> int:
        """Steps of a trial, any number."""


class File(Protocol):
    """Constants of a task's file, which it may leave out."""

    COMPLEXITY: tuple[str, ...]
    """Options that make the task more complex: sweeps of them are sweeps of task complexity."""

    CHECKED_BY_MAKING: bool
    """Whether only making the task shows if its options are right; the dry run then makes it."""

    TASKS: tuple[str, ...]
    """Options that name other tasks, whose code is part of this one's."""

    REQUIRES: tuple[str, ...]
    """What must hold between options, such as "delay_minimum <= delay_maximum"."""
