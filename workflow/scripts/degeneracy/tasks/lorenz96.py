"""Lorenz-96: predict a chaotic trajectory of D variables on a circle (Lorenz 1996; Lorenz & Emanuel 1998)."""

from dataclasses import dataclass
from functools import cache
from typing import Annotated

import numpy as np

from degeneracy.plugins.options import Range
from degeneracy.tasks import Ood, Trials
from degeneracy.tasks._flows import CLIMATE, FREE, prediction, runge_kutta
from degeneracy.tasks._flows import lorenz96 as slope

TIME_STEP = 0.05  # time units a step
SPIN_UP = 400  # steps from a random state onto the attractor
COMPLEXITY = ("dimension", "horizon")  # options that make the task more complex


@dataclass(frozen=True)
class Task:
    """Fed the state of all D variables at each step, answer with the state `horizon` steps later.

    A trajectory of dx_i/dt = (x_{i+1} − x_{i−2}) x_{i−1} − x_i + F (Lorenz & Emanuel 1998, eq. 1), integrated by
    RK4 in steps of 0.05 time units, begins anew on the attractor for each trial. Inputs and targets are
    (x − mean) / SD with the mean and SD of the attractor, one of each for all variables, measured once from a fixed
    simulation: 2.34 and 3.64 at D = 40, F = 8. So an MSE of 1 is that of answering with the mean.

    # ASSUME: D = 40, F = 8 and steps of 0.05 as Lorenz & Emanuel (1998) have them. The task is an extension of ours.
    """

    dimension: Annotated[int, Range(4, 1000)] = 40
    forcing: Annotated[float, Range(2, 12)] = 8.0  # below 1 it comes to rest, far above the step is too long
    horizon: Annotated[int, Range(1, 1000, "steps")] = 1
    time_steps: Annotated[int, Range(2, 100000, "steps")] = 100

    @property
    def inputs(self) -> list[str]:
        return [f"x_{index}" for index in range(self.dimension)]

    @property
    def outputs(self) -> list[str]:
        return [f"later_x_{index}" for index in range(self.dimension)]

    def trials(self, generator: np.random.Generator, count: int, ood: Ood | None = None) -> Trials:
        """Draw `count` trials. The generalisation is to go on alone: the network's own outputs are its next inputs.

        After a trial's time, the inputs of 25 more steps are the outputs that were to predict them, and the loss is
        that of these steps. Or trials last twice as long ("longer"), which is the same distribution.
        """
        closed_loop = ood == "generalisation"
        given = max(self.time_steps, self.horizon) if closed_loop else self.time_steps * (2 if ood else 1)
        steps = given + self.horizon + (FREE if closed_loop else 0)
        states = trajectory(generator, count, steps, self.dimension, self.forcing)
        mean, deviation = climate(self.dimension, self.forcing)
        return prediction((states - mean) / deviation, self.horizon, given, closed_loop)

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought: the mean, and the equilibrium x_i = F.

        # ASSUME: the equilibrium is the one constant input that the target follows exactly.
        """
        mean, deviation = climate(self.dimension, self.forcing)
        return np.repeat([[0.0], [(self.forcing - mean) / deviation]], self.dimension, axis=1)


def advance(states: np.ndarray, forcing: float, time_step: float) -> np.ndarray:
    """States (…, variable) one step of RK4 later."""
    return runge_kutta(lambda now: slope(now, forcing), states, time_step)


def trajectory(generator: np.random.Generator, count: int, steps: int, dimension: int, forcing: float) -> np.ndarray:
    """States (trial, time, variable) on the attractor, from random states a spin-up earlier."""
    states = forcing + generator.standard_normal((count, dimension))
    for _ in range(SPIN_UP):
        states = advance(states, forcing, TIME_STEP)
    path = np.empty((count, steps, dimension))
    for step in range(steps):
        path[:, step] = states
        states = advance(states, forcing, TIME_STEP)
    return path


@cache
def climate(dimension: int, forcing: float) -> tuple[float, float]:
    """Mean and SD of a variable on the attractor, over all variables (equal by symmetry) and a fixed simulation."""
    count, steps = CLIMATE
    path = trajectory(np.random.default_rng(0), count, steps, dimension, forcing)
    return float(path.mean()), float(path.std())
