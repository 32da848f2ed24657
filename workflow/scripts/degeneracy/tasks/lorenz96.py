"""Lorenz-96: foretell a chaotic trajectory of D variables on a circle (Lorenz 1996; Lorenz & Emanuel 1998)."""

from dataclasses import dataclass
from functools import cache
from typing import Annotated

import numpy as np

from degeneracy.plugins.options import Range
from degeneracy.tasks import Trials

TIME_STEP = 0.05  # time units a step
SPIN_UP = 400  # steps from a random state onto the attractor
CLIMATE = (100, 1000)  # trajectories and steps from which mean and SD are measured
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

    def trials(self, generator: np.random.Generator, count: int, ood: bool = False) -> Trials:
        """Draw `count` trials; out of distribution (`ood`) they last twice as long."""
        steps = self.time_steps * (2 if ood else 1)
        states = trajectory(generator, count, steps + self.horizon, self.dimension, self.forcing)
        mean, deviation = climate(self.dimension, self.forcing)
        scaled = (states - mean) / deviation
        return Trials(scaled[:, :steps], scaled[:, self.horizon :], np.ones((count, steps)))

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought: the mean, and the equilibrium x_i = F.

        # ASSUME: the equilibrium is the one constant input that the target follows exactly.
        """
        mean, deviation = climate(self.dimension, self.forcing)
        return np.repeat([[0.0], [(self.forcing - mean) / deviation]], self.dimension, axis=1)


def slope(states: np.ndarray, forcing: float) -> np.ndarray:
    """dx/dt (…, variable) of states (…, variable) on the circle."""
    around = np.concatenate([states[..., -2:], states, states[..., :1]], axis=-1)  # x_{−2} to x_D
    return (around[..., 3:] - around[..., :-3]) * around[..., 1:-2] - states + forcing


def advance(states: np.ndarray, forcing: float, time_step: float) -> np.ndarray:
    """States (…, variable) one step of the classical Runge–Kutta method of fourth order (RK4) later."""
    first = slope(states, forcing)
    second = slope(states + time_step / 2 * first, forcing)
    third = slope(states + time_step / 2 * second, forcing)
    fourth = slope(states + time_step * third, forcing)
    return states + time_step / 6 * (first + 2 * second + 2 * third + fourth)


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
