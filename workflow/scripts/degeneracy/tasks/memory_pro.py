"""Memory-guided response: point where a stimulus was seen before a delay (MemoryPro of Yang et al. 2019)."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from degeneracy.plugins.options import Range
from degeneracy.tasks import Ood, Trials

FIXATION, STIMULUS, RESPONSE = 5, 5, 10  # steps: before the stimulus, of it, and of the response
COMPLEXITY = ("delay_maximum",)  # options that make the task more complex
REQUIRES = ("delay_minimum <= delay_maximum",)


@dataclass(frozen=True)
class Task:
    """A direction θ on the circle is shown, remembered through a delay, and answered when the fixation goes out.

    Inputs are the fixation, 1 until the response, and cos θ and sin θ of the stimulus, which begins at step 5 and lasts
    5 steps. The delay after it is drawn once a trial. Outputs are the fixation, and cos θ and sin θ in the response of
    10 steps, 0 before it. A trial ends with its response; what follows, up to the longest trial, does not count.

    # ASSUME: one ring of stimuli without noise, the durations, and a response on two axes in place of a ring of units.
    """

    delay_minimum: Annotated[int, Range(0, 10000, "steps")] = 5
    delay_maximum: Annotated[int, Range(0, 10000, "steps")] = 20

    inputs = ("fixation", "stimulus_x", "stimulus_y")
    outputs = ("fixation", "response_x", "response_y")

    def trials(self, generator: np.random.Generator, count: int, ood: Ood | None = None) -> Trials:
        """Draw `count` trials. The generalisation is to delays twice to three times the longest trained one.

        Or each delay is doubled ("longer").
        """
        low, high, stretch = self.delay_minimum, self.delay_maximum, 2 if ood == "longer" else 1
        if ood == "generalisation":
            low, high = max(2 * high, 1), max(3 * high, 1)
        go = FIXATION + STIMULUS + stretch * generator.integers(low, high + 1, (count, 1))  # (trial, 1)
        angle = generator.uniform(0, 2 * np.pi, (count, 1))
        direction = np.stack([np.cos(angle), np.sin(angle)], axis=-1)  # (trial, 1, axis)
        time = np.arange(FIXATION + STIMULUS + stretch * high + RESPONSE)
        shown = (time >= FIXATION) & (time < FIXATION + STIMULUS)  # (time,)
        fixation, response = (time < go)[..., None], ((time >= go) & (time < go + RESPONSE))[..., None]
        inputs = np.concatenate([fixation, direction * shown[:, None]], axis=2)
        targets = np.concatenate([fixation, direction * response], axis=2)
        return Trials(inputs, targets, (time < go + RESPONSE).astype(float))

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought: the delay, and the response."""
        return np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
