"""Prediction of a chaotic system: Lorenz-63, Rössler, Lorenz-96, or any flow of dysts (Gilpin 2021)."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from degeneracy.errors import UserError
from degeneracy.plugins.options import Range
from degeneracy.tasks import Ood, Trials
from degeneracy.tasks._flows import FREE, climate, flow_of, prediction

CHECKED_BY_MAKING = True


@dataclass(frozen=True)
class Task:
    """Answer with the state of the system `horizon` steps later.

    With `drive: state` a network is given the state at each step. With `drive: start` it is given the state at the
    first step alone and generates the trajectory by itself, which chaos lets it learn with teacher forcing only
    (`training.teacher_forcing`). A step is 0.05 time units of Lorenz-63 and of Lorenz-96 (ten variables, F = 8), 0.2 of
    Rössler, and a thirtieth of the dominant period of a system of dysts. All variables are standardised on the
    attractor.

    Parameters are the classical ones. Those of dysts differ (Lorenz-63: b = 2.667), and so do the exponents in its
    metadata: 0.892 for Lorenz-63 and 0.151 for Rössler, where the accepted values are 0.906 and 0.071.
    """

    system: str = "lorenz63"
    drive: Literal["state", "start"] = "state"
    horizon: Annotated[int, Range(1, 1000, "steps")] = 1
    time_steps: Annotated[int, Range(2, 100000, "steps")] = 100

    def __post_init__(self):
        try:
            flow_of(self.system)
        except UserError as error:
            raise UserError(f"system: {error}") from None

    @property
    def _dimension(self) -> int:
        return len(flow_of(self.system).start)

    @property
    def inputs(self) -> list[str]:
        return [f"{'x' if self.drive == 'state' else 'start'}_{index}" for index in range(self._dimension)]

    @property
    def outputs(self) -> list[str]:
        return [f"later_x_{index}" for index in range(self._dimension)]

    @property
    def autonomous(self) -> bool:
        return self.drive == "start"

    def trials(self, generator: np.random.Generator, count: int, ood: Ood | None = None) -> Trials:
        """Draw `count` trials. With `drive: state`, the generalisation is to go on alone from its own outputs.

        With `drive: start`, it is to trials twice as long, with the loss of the steps beyond the trained time alone.
        """
        closed_loop = ood == "generalisation" and not self.autonomous
        given = max(self.time_steps, self.horizon) if closed_loop else self.time_steps * (2 if ood else 1)
        steps = given + self.horizon + (FREE if closed_loop else 0)
        mean, deviation = climate(self.system)
        path = (flow_of(self.system).trajectory(generator, count, steps) - mean) / deviation
        made = prediction(path, self.horizon, given, closed_loop)
        if self.autonomous:
            made.inputs[:, 1:] = 0
            if ood == "generalisation":
                made.mask[:, : self.time_steps] = 0
        return made

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought: the mean state, or no input (both are 0)."""
        return np.zeros((1, self._dimension))
