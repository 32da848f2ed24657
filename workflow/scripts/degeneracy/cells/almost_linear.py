"""Almost-linear recurrence z_{t+1} = A z_t + W φ(z_t) + C x_t + h (AL-RNN, Brenner et al. 2024, eq. 6), with z_0 = 0.

A is diagonal, and φ is the identity for the first n − P units and ReLU for the last P (`rectified`). The signs of these
units divide the states into 2^P regions, and within a region the map is linear. So the fixed points are exact: one
linear system a region, whose solution is a fixed point if it lies in its region. Outputs are W_o z_t + b_o, or W_o
φ(z_t) + b_o.

The paper's systems have no inputs, and their outputs are linear in the state (`observed: state`). An output is then the
sum of a part from the last state and a part from the input of the step. A task that asks for more at once, as the
flip-flop does (an input of 0 keeps the output, any other replaces it), needs `observed: rates`.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from degeneracy.cells._rates import BESIDES_RECURRENT
from degeneracy.cells._recurrence import (
    Recurrence,
    add_product,
    apply_weights,
    flat,
    linear_readout,
    uniform_parameters,
)
from degeneracy.plugins.options import Range

REQUIRES = ("rectified <= width",)
LINEAR_READOUT = {"observed": "state"}
MOST_REGIONS = 2**14  # in which fixed points are solved for; with more, they are searched for as in other cells
AT_ONCE = 2**22  # entries of the matrices of the linear systems that are solved together


@dataclass(frozen=True)
class Cell:
    """Almost-linear RNN; every parameter may carry leading dimensions (`network`), which broadcast."""

    width: Annotated[int, Range(1, 4096, "units")] = 128
    rectified: Annotated[int, Range(0, 4096, "units")] = 4  # P, at most the width
    observed: Literal["state", "rates"] = "state"  # what outputs are made of, z or φ(z)
    bounded = False  # states can grow without limit

    def parameter_dims(self) -> dict[str, tuple[str, ...]]:
        return {"recurrent_weights": ("unit", "source_unit"), "diagonal": ("unit",), **BESIDES_RECURRENT}

    def initialise(self, generator: np.random.Generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        """Parameters of one network before training: A from U(0, 1), W from U(±½/√n), the others from U(±1/√n)."""
        # ASSUME: A and W start so that linear units forget slowly and do not explode; the paper gives no numbers
        drawn = uniform_parameters(self, generator, inputs, outputs)
        return drawn | {
            "recurrent_weights": drawn["recurrent_weights"] / 2,
            "diagonal": generator.uniform(0, 1, self.width),
        }

    def states(self, parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        """States (network, time, trial, unit) that inputs (network, time, trial, input) lead to, differentiable."""
        weights = (parameters[name] for name in ("recurrent_weights", "diagonal", "input_weights", "bias"))
        return Recurrence.apply(self, inputs, *weights)

    def readout(self, parameters: dict[str, Tensor], states: Tensor) -> Tensor:
        """Outputs (network, …, output) of states (network, …, unit)."""
        return linear_readout(parameters, states * self._slope(states) if self.observed == "rates" else states)

    def step(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """State (…, unit) one step after `state` (…, unit) under inputs (…, input)."""
        recurrent = apply_weights(parameters["recurrent_weights"], state * self._slope(state))
        given = apply_weights(parameters["input_weights"], inputs)
        return parameters["diagonal"] * state + recurrent + given + parameters["bias"]

    def jacobian(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """Jacobian (…, unit, source_unit) of `step` with respect to the state."""
        weights = parameters["recurrent_weights"] * self._slope(state)[..., None, :]
        return torch.diag_embed(parameters["diagonal"]) + weights

    def exact_fixed_points(self, parameters: dict[str, Tensor], inputs: Tensor) -> Tensor | None:
        """All fixed points (point, unit) of one network under inputs (input); None if there are too many regions.

        A region whose linear map has a line of fixed points, or none, has no single one and is left out.
        """
        if 2**self.rectified > MOST_REGIONS:
            return None
        weights, diagonal = parameters["recurrent_weights"], parameters["diagonal"]
        drive = apply_weights(parameters["input_weights"], inputs) + parameters["bias"]  # (unit)
        bits = torch.arange(2**self.rectified, device=weights.device)[:, None]
        bits = bits >> torch.arange(self.rectified, device=weights.device) & 1  # (region, rectified unit)
        linear = bits.new_ones(len(bits), self.width - self.rectified)
        found = []
        for active in torch.cat([linear, bits], dim=1).to(weights.dtype).split(max(1, AT_ONCE // self.width**2)):
            systems = torch.diag_embed(1 - diagonal) - weights * active[:, None, :]  # (region, unit, source_unit)
            states, failed = torch.linalg.solve_ex(systems, drive.expand(len(active), -1))
            inside = (self._slope(states) == active).all(1) & (failed == 0) & states.isfinite().all(1)
            found.append(states[inside])
        return torch.cat(found)

    def _slope(self, state: Tensor) -> Tensor:
        """Slope of φ (…, unit), which is also φ(z) / z."""
        rectified = torch.arange(self.width, device=state.device) >= self.width - self.rectified
        return ((state > 0) | ~rectified).to(state.dtype)

    def advance(
        self,
        states: Tensor,
        inputs: Tensor,
        recurrent: Tensor,
        diagonal: Tensor,
        input_weights: Tensor,
        bias: Tensor,
    ) -> tuple[Tensor]:
        """Fill the states in place; returns φ(z) (…, time, trial, unit) before each step."""
        after, first = states[..., 1:, :, :], self.width - self.rectified
        add_product(bias[..., None, :], flat(inputs), input_weights.mT, out=flat(after))
        source, own = recurrent.mT.contiguous(), diagonal[..., None, :]
        rates = torch.empty_like(after, memory_format=torch.contiguous_format)
        product = torch.empty_like(rates[..., 0, :, :], memory_format=torch.contiguous_format)
        for (before, now), rate in zip(pairwise(states.unbind(-3)), rates.unbind(-3), strict=True):
            rate.copy_(before)[..., first:].relu_()
            now.addcmul_(before, own).add_(torch.matmul(rate, source, out=product))
        return (rates,)

    def retrace(
        self,
        gradient: Tensor,
        states: Tensor,
        kept: tuple[Tensor],
        inputs: Tensor,
        recurrent: Tensor,
        diagonal: Tensor,
        *_: Tensor,
    ) -> tuple[Tensor, ...]:
        """Gradients of the weights in the order of `advance`."""
        (rates,), own = kept, diagonal[..., None, :]
        delta = torch.empty_like(rates)  # dL/dz (…, time, trial, unit)
        product = torch.empty_like(rates[..., 0, :, :], memory_format=torch.contiguous_format)
        first = self.width - self.rectified
        after = rate = None  # gradient and φ(z) one step later
        for now, given, before in zip(*(x.unbind(-3)[::-1] for x in (delta, gradient, rates)), strict=True):
            now.copy_(given)
            if after is not None:
                torch.matmul(after, recurrent, out=product)[..., first:].mul_(rate[..., first:] > 0)
                now.addcmul_(after, own).add_(product)
            after, rate = now, before
        return (
            flat(delta).mT @ flat(rates),
            (delta * states[..., :-1, :, :]).sum((-3, -2)),
            flat(delta).mT @ flat(inputs),
            delta.sum((-3, -2)),
        )
