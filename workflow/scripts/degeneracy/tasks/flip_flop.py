"""N-bit flip-flop: remember the sign of the last pulse of each of N channels (Sussillo & Barak 2013, Fig. 2)."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from degeneracy.plugins.options import Range
from degeneracy.tasks import Ood, Trials

RARER, LONGER = 0.1, 4  # pulses and steps of the generalisation, in proportion to the training trials
COMPLEXITY = ("channels",)  # options that make the task more complex


@dataclass(frozen=True)
class Task:
    """N independent channels, each fed −1, 0 or +1 and answering with its last non-zero input.

    Every channel pulses at the first step, so the target is never undefined.
    # ASSUME: 100 steps and a pulse probability of 0.3 a step and channel; the paper states neither.
    """

    channels: Annotated[int, Range(1, 16)] = 3
    time_steps: Annotated[int, Range(2, 100000, "steps")] = 100
    pulse_probability: Annotated[float, Range(0, 1)] = 0.3  # per step and channel

    @property
    def inputs(self) -> list[str]:
        return [f"pulse_{channel}" for channel in range(self.channels)]

    @property
    def outputs(self) -> list[str]:
        return [f"bit_{channel}" for channel in range(self.channels)]

    def trials(self, generator: np.random.Generator, count: int, ood: Ood | None = None) -> Trials:
        """Draw `count` trials. The generalisation is to pulses a tenth as frequent in trials four times as long.

        So many bits are held for longer than any in training.
        Trials twice as long ("longer") are from the same distribution but for the first steps.
        """
        steps = self.time_steps * {None: 1, "longer": 2, "generalisation": LONGER}[ood]
        probability = self.pulse_probability * (RARER if ood == "generalisation" else 1)
        shape = (count, steps, self.channels)  # (trial, time, channel)
        pulses = generator.random(shape) < probability
        pulses[:, 0] = True
        inputs = np.where(pulses, generator.choice([-1.0, 1.0], shape), 0.0)
        last_pulse = np.maximum.accumulate(np.where(pulses, np.arange(steps)[:, None], 0), axis=1)
        targets = np.take_along_axis(inputs, last_pulse, axis=1)
        return Trials(inputs, targets, np.ones(shape[:2]))

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought: silence."""
        return np.zeros((1, self.channels))
