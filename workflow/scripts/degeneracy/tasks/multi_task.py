"""One of two tasks in each trial, as a cue says, on the same inputs and outputs."""

from dataclasses import dataclass

import numpy as np

from degeneracy.errors import UserError
from degeneracy.plugins.discovery import Plugin
from degeneracy.tasks import Ood, Trials

TASKS = ("first", "second")  # options that name other tasks
CHECKED_BY_MAKING = True


@dataclass(frozen=True)
class Task:
    """A trial is one of `first` or of `second`, other tasks with their default options, and a cue names it.

    Both tasks use the same channels, from the first one on, and those that a task does not use are 0. The cue, two
    inputs after the channels, is on throughout. Trials of the shorter task end with zeros, which do not count.
    """

    first: str = "memory_pro"
    second: str = "context_integration"

    def __post_init__(self):
        for option in TASKS:
            name = getattr(self, option)
            if reason := Plugin("tasks", name).missing:
                raise UserError(f"{option}: {reason}")
            if name == "multi_task":
                raise UserError(f"{option}: given {name}, must be another task")
        if self.first == self.second:
            raise UserError(f"second: given {self.second}, must be another task than the first")

    @property
    def _both(self) -> list:
        return [Plugin("tasks", name).load().Task() for name in (self.first, self.second)]

    @property
    def inputs(self) -> list[str]:
        channels = max(len(task.inputs) for task in self._both)
        return [*(f"input_{index}" for index in range(channels)), *(f"cue_{option}" for option in TASKS)]

    @property
    def outputs(self) -> list[str]:
        return [f"output_{index}" for index in range(max(len(task.outputs) for task in self._both))]

    def trials(self, generator: np.random.Generator, count: int, ood: Ood | None = None) -> Trials:
        """Draw `count` trials, each of either task with the same probability; both generalise in their own way."""
        second = generator.integers(2, size=count)  # (trial,)
        made = [task.trials(generator, count, ood) for task in self._both]
        for name, trials in zip((self.first, self.second), made, strict=True):
            if trials.fed_back is not None:
                raise UserError(f"multi_task: {name} generalises in a closed loop, must have trials.ood_kind longer")
        steps = max(trials.mask.shape[1] for trials in made)
        inputs, targets = np.zeros((count, steps, len(self.inputs))), np.zeros((count, steps, len(self.outputs)))
        mask = np.zeros((count, steps))
        for index, trials in enumerate(made):
            own = second == index
            for whole, part in ((inputs, trials.inputs), (targets, trials.targets)):
                whole[own, : part.shape[1], : part.shape[2]] = part[own]
            mask[own, : trials.mask.shape[1]] = trials.mask[own]
            inputs[own, :, index - 2] = 1
        return Trials(inputs, targets, mask)

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought: those of each task, with its cue."""
        found = []
        for index, task in enumerate(self._both):
            constants = task.constant_inputs()
            padded = np.zeros((len(constants), len(self.inputs)))
            padded[:, : constants.shape[1]] = constants
            padded[:, index - 2] = 1
            found.append(padded)
        return np.concatenate(found)
