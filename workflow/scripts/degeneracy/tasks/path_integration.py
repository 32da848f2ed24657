"""Path integration: know the position from the start, the headings and the speeds in a box."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from scipy.special import ndtr

from degeneracy.plugins.options import Range
from degeneracy.tasks import Ood, Trials

HALF_WIDTH = 5.0  # of the box; positions stay within ± this
START = 1.0  # the start lies within ± this
TOP_SPEED = 0.1  # box units a step
SPEED_SCALE = 20.0  # input over speed
TURN = 0.2  # SD of what a step adds to each component of the heading, before it is normalised
SPEED_MEMORY = 0.9  # correlation of the speed's Gaussian with the one a step before
COMPLEXITY = ("dimensions",)  # options that make the task more complex


@dataclass(frozen=True)
class Task:
    """Position in 2 or 3 dimensions from heading and speed at each step and the start position at the first step.

    Inputs are the components of the heading, a unit vector (cos θ and sin θ in 2D), 20 · speed, and the start
    position, drawn from [−1, 1] an axis, at the first step, 0 afterwards. The target is start + Σ speed · heading,
    this step included: a sum of inputs, since a path that would leave the box has its heading reflected, and its
    position is never clipped.
    Headings turn at random, and speeds in [0, 0.1] have a uniform distribution and wander at random, too.

    With `heading: angles` the heading is given as in the paper, by its angle θ in 2D and by azimuth and elevation in
    3D (rad), and the speed as it is. With `start: box` the start lies anywhere in the box, as in the paper. With both,
    and the paper's plateau patience of 40, a network of 64 units was still at an MSE of 1.2 after 98 epochs.

    # ASSUME: by default the inputs are the components of the unit vector, so that dimensions add variables to
    # integrate and no trigonometry.
    # ASSUME: one threshold for both, as in the paper. A component of a unit vector is smaller in 3D, so the variance of
    # a coordinate falls from 3.2 to 1.75, and an MSE of 0.05 is 1.6% of it in 2D but 2.9% in 3D: per coordinate, the
    # complex task must be solved less well.
    # ASSUME: 100 steps, the region of the start, the speeds and how fast they and headings change; the paper states
    # the box of ±5.
    """

    dimensions: Annotated[int, Range(2, 3)] = 2
    heading: Literal["components", "angles"] = "components"
    start: Literal["centre", "box"] = "centre"
    time_steps: Annotated[int, Range(2, 100000, "steps")] = 100

    @property
    def inputs(self) -> list[str]:
        axes = "xyz"[: self.dimensions]
        angles = ["azimuth", "elevation"][: self.dimensions - 1]
        heading = angles if self.heading == "angles" else [f"heading_{axis}" for axis in axes]
        return [*heading, "speed", *(f"start_{axis}" for axis in axes)]

    @property
    def outputs(self) -> list[str]:
        return [f"position_{axis}" for axis in "xyz"[: self.dimensions]]

    def trials(self, generator: np.random.Generator, count: int, ood: Ood | None = None) -> Trials:
        """Draw `count` trials; out of distribution, of either kind, they last twice as long."""
        steps = self.time_steps * (2 if ood else 1)
        region = HALF_WIDTH if self.start == "box" else START
        start = generator.uniform(-region, region, (count, self.dimensions))
        heading = _unit(generator.standard_normal((count, self.dimensions)))
        drive = generator.standard_normal((count, 1))
        inputs = np.zeros((count, steps, len(self.inputs)))  # (trial, time, input)
        targets = np.zeros((count, steps, self.dimensions))
        inputs[:, 0, -self.dimensions :] = position = start
        speed_input = len(self.inputs) - self.dimensions - 1
        for step in range(steps):
            speed = TOP_SPEED * ndtr(drive)  # (trial, 1)
            outside = np.abs(position + speed * heading) > HALF_WIDTH
            heading = np.where(outside, -heading, heading)  # reflected at the wall
            position = position + speed * heading
            inputs[:, step, :speed_input] = self._shown(heading)
            inputs[:, step, speed_input] = speed[:, 0] * (1 if self.heading == "angles" else SPEED_SCALE)
            targets[:, step] = position
            heading = _unit(heading + TURN * generator.standard_normal(heading.shape))
            noise = generator.standard_normal(drive.shape)
            drive = SPEED_MEMORY * drive + np.sqrt(1 - SPEED_MEMORY**2) * noise
        return Trials(inputs, targets, np.ones((count, steps)))

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought: speed 0, heading along the first axis.

        At speed 0 the heading is of no consequence to a network that has learnt the task, so one stands for all.
        """
        shown = self._shown(np.eye(1, self.dimensions))
        return np.pad(shown, ((0, 0), (0, len(self.inputs) - shown.shape[1])))

    def _shown(self, heading: np.ndarray) -> np.ndarray:
        """Headings (trial, axis) as they are given to the network."""
        if self.heading == "components":
            return heading
        azimuth = np.arctan2(heading[:, 1], heading[:, 0])
        return np.stack([azimuth, np.arcsin(np.clip(heading[:, -1], -1, 1))][: self.dimensions - 1], axis=1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
