"""Delayed discrimination: which of two pulses, a delay apart, was the larger (Romo et al. 1999)."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from degeneracy.plugins.options import Range
from degeneracy.tasks import Ood, Trials

AMPLITUDES = np.arange(2, 11)  # of a pulse
ONSET, PULSE, RESPONSE = 5, 5, 25  # steps: before the first pulse, of a pulse, of response after the longest delay
COMPLEXITY = ("channels", "delay_maximum", "auxiliary")  # options that make the task more complex
REQUIRES = ("delay_minimum <= delay_maximum",)


@dataclass(frozen=True)
class Task:
    """N independent channels, each fed two pulses of different amplitudes f1 and f2 and answering sign(f2 − f1).

    The first pulse begins at step 5, each lasts 5 steps, the delay between them is drawn once a trial, for all
    channels. The target is 0 until the second pulse has ended and sign(f2 − f1) from the next step to the end of the
    trial. Trials last 25 steps longer than the longest delay needs: 60 steps at the defaults. Inputs are amplitudes
    over 10. `auxiliary` adds an output a channel, |f2 − f1| / 8 from the same step on, so that it reaches 1 at most.

    # ASSUME: amplitudes are the integers 2 to 10, because near-ties of continuous ones set a floor to the loss; the
    # paper gives the interval [2, 10] and the delays, but neither the scale of the inputs nor the duration of the
    # pulses, the onset and the response.
    """

    channels: Annotated[int, Range(1, 16)] = 1
    delay_minimum: Annotated[int, Range(0, 10000, "steps")] = 5
    delay_maximum: Annotated[int, Range(0, 10000, "steps")] = 20
    auxiliary: bool = False

    @property
    def inputs(self) -> list[str]:
        return [f"stimulus_{channel}" for channel in range(self.channels)]

    @property
    def outputs(self) -> list[str]:
        kinds = ("choice", "difference") if self.auxiliary else ("choice",)
        return [f"{kind}_{channel}" for kind in kinds for channel in range(self.channels)]

    def trials(self, generator: np.random.Generator, count: int, ood: Ood | None = None) -> Trials:
        """Draw `count` trials. The generalisation is to delays twice to three times the longest trained one.

        Or each delay is doubled ("longer"). Trials are longer by as much.
        """
        low, high, stretch = self.delay_minimum, self.delay_maximum, 2 if ood == "longer" else 1
        if ood == "generalisation":
            low, high = max(2 * high, 1), max(3 * high, 1)
        steps = ONSET + 2 * PULSE + stretch * high + RESPONSE
        delay = stretch * generator.integers(low, high + 1, (count, 1))  # (trial, 1)
        first = generator.integers(len(AMPLITUDES), size=(count, self.channels))
        other = generator.integers(1, len(AMPLITUDES), size=first.shape)  # places further round the amplitudes
        second = (first + other) % len(AMPLITUDES)
        time = np.arange(steps)
        onset = ONSET + PULSE + delay  # of the second pulse (trial, 1)
        in_first = (time >= ONSET) & (time < ONSET + PULSE)  # (time,)
        in_second = (time >= onset) & (time < onset + PULSE)  # (trial, time)
        response = (time >= onset + PULSE)[..., None]  # (trial, time, 1)
        amplitudes = AMPLITUDES[first][:, None] * in_first[:, None] + AMPLITUDES[second][:, None] * in_second[..., None]
        difference = (second - first)[:, None]  # (trial, 1, channel)
        targets = [np.sign(difference) * response]
        if self.auxiliary:
            targets.append(np.abs(difference) / (len(AMPLITUDES) - 1) * response)
        return Trials(amplitudes / AMPLITUDES[-1], np.concatenate(targets, axis=2), np.ones((count, steps)))

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought: silence, as in the delay and the response."""
        return np.zeros((1, self.channels))
