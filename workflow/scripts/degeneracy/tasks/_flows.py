"""Chaotic flows dx/dt, how tasks integrate them, and the trials of predicting them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from degeneracy.errors import UserError
from degeneracy.tasks import Trials

CLIMATE = (100, 1000)  # trajectories and steps from which mean and SD are measured
FREE = 25  # steps of the generalisation in which the inputs are the network's own outputs
PER_PERIOD = 30  # steps in the dominant period of a system of dysts


@dataclass(frozen=True)
class Flow:
    """A flow, the steps in which a task shows it, and how a trajectory comes onto its attractor."""

    slope: Callable[[np.ndarray], np.ndarray]  # dx/dt (…, variable) of states (…, variable)
    start: tuple[float, ...]  # states are drawn from a Gaussian around it
    spread: float  # SD of the Gaussian
    time_step: float  # time units
    substeps: int  # steps of integration in one of these
    spin_up: int  # steps from the start onto the attractor

    def advance(self, states: np.ndarray) -> np.ndarray:
        """States (…, variable) one step later."""
        for _ in range(self.substeps):
            states = runge_kutta(self.slope, states, self.time_step / self.substeps)
        return states

    def trajectory(self, generator: np.random.Generator, count: int, steps: int) -> np.ndarray:
        """States (trial, time, variable) on the attractor, each trial from another random start."""
        states = np.array(self.start) + self.spread * generator.standard_normal((count, len(self.start)))
        path = np.empty((count, steps, len(self.start)))
        for step in range(-self.spin_up, steps):
            if step >= 0:
                path[:, step] = states
            states = self.advance(states)
        return path


def runge_kutta(slope: Callable[[np.ndarray], np.ndarray], states: np.ndarray, time_step: float) -> np.ndarray:
    """States (…, variable) one step of the classical Runge–Kutta method of fourth order (RK4) later."""
    first = slope(states)
    second = slope(states + time_step / 2 * first)
    third = slope(states + time_step / 2 * second)
    fourth = slope(states + time_step * third)
    return states + time_step / 6 * (first + 2 * second + 2 * third + fourth)


def lorenz96(states: np.ndarray, forcing: float = 8.0) -> np.ndarray:
    """dx_i/dt = (x_{i+1} − x_{i−2}) x_{i−1} − x_i + F on a circle (Lorenz & Emanuel 1998, eq. 1)."""
    around = np.concatenate([states[..., -2:], states, states[..., :1]], axis=-1)  # x_{−2} to x_D
    return (around[..., 3:] - around[..., :-3]) * around[..., 1:-2] - states + forcing


def lorenz63(states: np.ndarray) -> np.ndarray:
    """Lorenz (1963), eqs. 25–27, at his σ = 10, r = 28, b = 8/3; its largest exponent is 0.906."""
    x, y, z = np.moveaxis(states, -1, 0)
    return np.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z], axis=-1)


def rossler(states: np.ndarray) -> np.ndarray:
    """Rössler (1976), eq. 2, at his a = b = 0.2, c = 5.7; its largest exponent is 0.071."""
    x, y, z = np.moveaxis(states, -1, 0)
    return np.stack([-y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)], axis=-1)


FLOWS = {
    "lorenz63": Flow(lorenz63, (0.0, 0.0, 25.0), 5.0, time_step=0.05, substeps=5, spin_up=400),
    "rossler": Flow(rossler, (1.0, 1.0, 0.0), 0.3, time_step=0.2, substeps=4, spin_up=1000),
    "lorenz96": Flow(lorenz96, (8.0,) * 10, 1.0, time_step=0.05, substeps=1, spin_up=400),
}


@cache
def flow_of(system: str) -> Flow:
    """A flow by its name: one of FLOWS, or of dysts. Raises UserError if there is none."""
    return FLOWS[system] if system in FLOWS else _of_dysts(system)


def _of_dysts(system: str) -> Flow:
    """A flow of dysts (Gilpin 2021), thirty steps in its dominant period."""
    ours = f"given {system}; allowed: {', '.join(FLOWS)}, and the systems of dysts"
    try:
        from dysts import flows
    except ImportError:
        raise UserError(f"{ours}, which is not installed (pip install 'degeneracy[dysts]')") from None
    if not (isinstance(getattr(flows, system, None), type) and issubclass(getattr(flows, system), flows.DynSys)):
        raise UserError(f"{ours}, which has no such flow")
    found = getattr(flows, system)()
    if found.delay or found.nonautonomous or found.unbounded_indices:
        raise UserError(f"{ours} without delay and drive whose variables are bounded")
    start, period = tuple(np.atleast_2d(found.ic)[0].tolist()), float(found.period)
    spread = 0.01 * float(np.mean(found.std))

    def slope(states: np.ndarray) -> np.ndarray:
        return np.stack(np.broadcast_arrays(*found._rhs(*np.moveaxis(states, -1, 0), 0.0, *found.param_list)), axis=-1)

    return Flow(slope, start, spread, period / PER_PERIOD, substeps=20, spin_up=20 * PER_PERIOD)


@cache
def climate(system: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and SD (variable) on the attractor, from a fixed simulation."""
    path = flow_of(system).trajectory(np.random.default_rng(0), *CLIMATE)
    return path.mean((0, 1)), path.std((0, 1))


def prediction(path: np.ndarray, horizon: int, given: int, closed_loop: bool) -> Trials:
    """Trials of answering a path (trial, time, variable) with itself `horizon` steps later.

    In a closed loop, the first `given` inputs are the path; then each is the output that was to predict it, and only
    these steps count in the loss.
    """
    steps = path.shape[1] - horizon
    mask, fed_back = np.ones((len(path), steps)), None
    if closed_loop:
        mask[:, :given] = 0
        fed_back = np.where(np.arange(steps) < given, -1, np.arange(steps) - horizon)
    return Trials(path[:, :steps].copy(), path[:, horizon:], mask, fed_back)
