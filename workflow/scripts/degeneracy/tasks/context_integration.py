"""Context-dependent integration: report the sign of the evidence that the context names (Mante et al. 2013)."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from degeneracy.plugins.options import Range
from degeneracy.tasks import Ood, Trials

STRENGTHS = np.array([0.1, 0.2, 0.4])  # of the mean evidence, of either sign
RESPONSE = 10  # steps
COMPLEXITY = ("modalities",)  # options that make the task more complex


@dataclass(frozen=True)
class Task:
    """Noisy evidence of several modalities, motion and colour in the paper, of which one counts in a trial.

    The evidence of each modality is its mean, ±0.1, ±0.2 or ±0.4, plus Gaussian noise at each step, for `time_steps`
    steps; in the response of 10 steps after it there is none. The context, on throughout, names the modality that
    counts. The answer is 0 at the first step and the sign of that modality's mean in the response, and only these steps
    count (Mante et al. 2013, supplement 7.4). With `answer: choice` the outputs are those of a classifier: a one for
    "none", "left" or "right", for which a cross entropy can be the loss.

    # ASSUME: strengths, durations and the size of the noise, which is too small to decide against the evidence.
    """

    modalities: Annotated[int, Range(1, 16)] = 2
    time_steps: Annotated[int, Range(2, 100000, "steps")] = 40
    noise: Annotated[float, Range(0, 10)] = 0.1  # SD a step
    answer: Literal["sign", "choice"] = "sign"

    @property
    def inputs(self) -> list[str]:
        return [f"{kind}_{index}" for kind in ("evidence", "context") for index in range(self.modalities)]

    @property
    def outputs(self) -> list[str]:
        return ["sign"] if self.answer == "sign" else ["none", "left", "right"]

    @property
    def categorical(self) -> bool:
        return self.answer == "choice"

    def trials(self, generator: np.random.Generator, count: int, ood: Ood | None = None) -> Trials:
        """Draw `count` trials. The generalisation is to hold the answer for longer than trained.

        The response then lasts five times as long, and the loss is that of the steps beyond the trained time. Or the
        evidence and the response last twice as long ("longer").
        """
        stretch = 2 if ood == "longer" else 1
        onset = stretch * self.time_steps  # of the response
        steps = onset + RESPONSE * (5 if ood == "generalisation" else stretch)
        shape = (count, self.modalities)
        mean = generator.choice(STRENGTHS, shape) * generator.choice([-1.0, 1.0], shape)  # (trial, modality)
        context = np.eye(self.modalities)[generator.integers(self.modalities, size=count)]
        evidence = mean[:, None] + self.noise * generator.standard_normal((count, steps, self.modalities))
        evidence[:, onset:] = 0
        inputs = np.concatenate([evidence, np.repeat(context[:, None], steps, axis=1)], axis=2)  # (trial, time, input)
        time, sign = np.arange(steps), np.sign((mean * context).sum(1))
        sign = sign[:, None] * (time >= onset)  # (trial, time)
        targets = np.stack([sign] if self.answer == "sign" else [sign == 0, sign < 0, sign > 0], axis=2)
        counted = time >= onset + RESPONSE if ood == "generalisation" else (time >= onset) | (time == 0)
        return Trials(inputs, targets.astype(float), np.repeat(counted[None].astype(float), count, axis=0))

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought: each context, without evidence."""
        return np.eye(2 * self.modalities)[self.modalities :]
