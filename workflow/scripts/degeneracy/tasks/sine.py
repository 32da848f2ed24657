"""Sine generation: a constant input names the frequency to oscillate at (Sussillo & Barak 2013, Fig. 5)."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from degeneracy.plugins.options import Range
from degeneracy.tasks import Ood, Trials

LOWEST, HIGHEST = 1.0, 30.0  # Hz
MOST = 10_000  # different trials that are listed
COMPLEXITY = ("channels", "frequencies")  # options that make the task more complex


@dataclass(frozen=True)
class Task:
    """N independent channels, each answering sin(2πft) to the constant input f / 30 Hz, t = 0 at the first step.

    Each channel of a trial draws f from `frequencies` values evenly spaced in [1, 30] Hz (a single one is 1 Hz).
    With one channel there are only as many different trials as frequencies.

    # ASSUME: 100 steps of 10 ms and the input f / 30; the paper states the interval and the number of frequencies.
    """

    channels: Annotated[int, Range(1, 16)] = 1
    frequencies: Annotated[int, Range(1, 1000)] = 10
    time_steps: Annotated[int, Range(2, 100000, "steps")] = 100
    time_step: Annotated[float, Range(0.0001, 0.0166, "s")] = 0.01  # at most half a period of the highest frequency

    @property
    def inputs(self) -> list[str]:
        return [f"frequency_{channel}" for channel in range(self.channels)]

    @property
    def outputs(self) -> list[str]:
        return [f"sine_{channel}" for channel in range(self.channels)]

    @property
    def _spaced(self) -> np.ndarray:
        return np.linspace(LOWEST, HIGHEST, self.frequencies)  # Hz

    def trials(self, generator: np.random.Generator, count: int, ood: Ood | None = None) -> Trials:
        """Draw `count` trials; out of distribution they last twice as long.

        The loss of the generalisation is that of the steps beyond the trained time alone.
        """
        frequency = generator.choice(self._spaced, (count, 1, self.channels))  # Hz (trial, 1, channel)
        made = self._of(frequency, self.time_steps * (2 if ood else 1))
        if ood == "generalisation":
            made.mask[:, : self.time_steps] = 0
        return made

    def distinct(self) -> Trials | None:
        """Each combination of frequencies once; None if there are more than MOST."""
        if self.frequencies**self.channels > MOST:
            return None
        grid = np.meshgrid(*[self._spaced] * self.channels, indexing="ij")
        return self._of(np.stack(grid, -1).reshape(-1, 1, self.channels), self.time_steps)

    def _of(self, frequency: np.ndarray, steps: int) -> Trials:
        """Trials of frequencies (trial, 1, channel), in Hz."""
        time = self.time_step * np.arange(steps)[:, None]  # s (time, 1)
        inputs = np.repeat(frequency / HIGHEST, steps, axis=1)  # (trial, time, channel)
        return Trials(inputs, np.sin(2 * np.pi * frequency * time), np.ones(inputs.shape[:2]))

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought: each frequency, the same in all channels."""
        return np.repeat(self._spaced[:, None] / HIGHEST, self.channels, axis=1)
