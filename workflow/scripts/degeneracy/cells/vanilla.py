"""Vanilla recurrence h_t = act(W_h h_{t−1} + W_x x_t + b), y_t = W_o h_t + b_o, with h_0 = 0."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from degeneracy.units import Range

# name: activation in place, its slope as a function of the activation's own value
ACTIVATIONS = {
    "tanh": (torch.tanh_, lambda state: 1 - state * state),
    "relu": (torch.relu_, lambda state: (state > 0).to(state.dtype)),
    "sigmoid": (torch.sigmoid_, lambda state: state * (1 - state)),
    "softplus": (lambda drive: drive.copy_(torch.nn.functional.softplus(drive)), lambda state: -torch.expm1(-state)),
}


@dataclass(frozen=True)
class Cell:
    """Vanilla RNN; every parameter may carry leading dimensions (`network`), which broadcast."""

    width: Annotated[int, Range(1, 4096)] = 128  # units
    activation: Literal["tanh", "relu", "sigmoid", "softplus"] = "tanh"

    def parameter_dims(self) -> dict[str, tuple[str, ...]]:
        return {
            "recurrent_weights": ("unit", "source_unit"),
            "input_weights": ("unit", "input"),
            "bias": ("unit",),
            "readout_weights": ("output", "unit"),
            "readout_bias": ("output",),
        }

    def initialise(self, generator: np.random.Generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        """Parameters of one network before training, all drawn from U(−1/√n, 1/√n)."""
        sizes = {"unit": self.width, "source_unit": self.width, "input": inputs, "output": outputs}
        bound = self.width**-0.5
        return {
            name: generator.uniform(-bound, bound, [sizes[dim] for dim in dims])
            for name, dims in self.parameter_dims().items()
        }

    def states(self, parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        """States (network, time, trial, unit) that inputs (network, time, trial, input) lead to, differentiable."""
        drive = torch.einsum("ktbi,kni->ktbn", inputs, parameters["input_weights"])
        drive = drive + parameters["bias"][:, None, None]  # (network, time, trial, unit)
        return Recurrence.apply(drive, parameters["recurrent_weights"], self.activation)

    def readout(self, parameters: dict[str, Tensor], states: Tensor) -> Tensor:
        """Outputs (network, …, output) of states (network, …, unit)."""
        flat = states.reshape(states.shape[0], -1, states.shape[-1])  # (network, state, unit)
        outputs = torch.baddbmm(parameters["readout_bias"][:, None], flat, parameters["readout_weights"].mT)
        return outputs.reshape(*states.shape[:-1], -1)

    def step(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """State (…, unit) one step after `state` (…, unit) under inputs (…, input)."""
        drive = (parameters["recurrent_weights"] @ state[..., None])[..., 0]
        drive = drive + (parameters["input_weights"] @ inputs[..., None])[..., 0] + parameters["bias"]
        return ACTIVATIONS[self.activation][0](drive)

    def jacobian(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """Jacobian (…, unit, source_unit) of `step` with respect to the state."""
        slope = ACTIVATIONS[self.activation][1](self.step(parameters, state, inputs))
        return slope[..., None] * parameters["recurrent_weights"]  # (…, unit, source_unit)


class Recurrence(torch.autograd.Function):
    """The loop over time with a hand-written backward pass, for all networks at once.

    Forward keeps every state in one preallocated tensor and applies the activation in place; backward needs one
    matrix product a step, and one for the weight gradient of all steps together. On the CPU networks advance one
    after the other, so that each one's arithmetic does not depend on its neighbours.
    """

    @staticmethod
    def forward(ctx, drive: Tensor, weights: Tensor, activation: str) -> Tensor:
        networks, _, trials, width = drive.shape
        states = torch.cat(
            [drive.new_zeros(networks, 1, trials, width), drive], dim=1
        )  # (network, time + 1, trial, unit)
        activate = ACTIVATIONS[activation][0]
        for steps, source in _pieces(states, weights.mT.contiguous()):
            activate(steps[1])
            for before, now in pairwise(steps[1:]):
                activate(_add_product(now, before, source, out=now))
        ctx.save_for_backward(states, weights)
        ctx.activation = activation
        return states[:, 1:]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor):
        states, weights = ctx.saved_tensors
        delta = ACTIVATIONS[ctx.activation][1](states[:, 1:])  # (network, time, trial, unit), slope, then dL/d drive
        carried = torch.empty_like(delta[:, 0])
        for (deltas, source), (gradients, buffer) in zip(
            _pieces(delta, weights), _pieces(gradient.contiguous(), carried), strict=True
        ):
            deltas[-1].mul_(gradients[-1])
            for now in range(len(deltas) - 2, -1, -1):
                deltas[now].mul_(_add_product(gradients[now], deltas[now + 1], source, out=buffer))
        networks, width = len(weights), weights.shape[-1]
        after, before = delta[:, 1:].reshape(networks, -1, width), states[:, 1:-1].reshape(networks, -1, width)
        return delta, after.mT @ before, None  # h_0 = 0 adds nothing to the weight gradient


def _pieces(sequence: Tensor, matrix: Tensor):
    """Pairs of (steps of a sequence (network, time, …), a matrix (network, …)) that advance in one launch a step."""
    if sequence.device.type != "cpu":
        return [(sequence.unbind(1), matrix)]
    return [(steps.unbind(0), one) for steps, one in zip(sequence, matrix, strict=True)]


def _add_product(addend: Tensor, left: Tensor, right: Tensor, out: Tensor) -> Tensor:
    """addend + left @ right, of one network (trial, unit) or of several (network, trial, unit)."""
    add = torch.addmm if left.ndim == 2 else torch.baddbmm
    return add(addend, left, right, out=out)
