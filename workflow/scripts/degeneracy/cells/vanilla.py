"""Vanilla recurrence h_t = act(W_h h_{t−1} + W_x x_t + b), y_t = W_o h_t + b_o, with h_0 = 0."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from degeneracy.units import Range

aten = torch.ops.aten


def _softplus_chain(gradient: Tensor, state: Tensor) -> Tensor:
    return gradient.mul_(-torch.expm1(-state))


# name: activation in place; gradient times the slope, in place, from the activation's own value
ACTIVATIONS = {
    "tanh": (torch.tanh_, lambda gradient, state: aten.tanh_backward.grad_input(gradient, state, grad_input=gradient)),
    "relu": (torch.relu_, lambda gradient, state: gradient.mul_(state > 0)),
    "sigmoid": (
        torch.sigmoid_,
        lambda gradient, state: aten.sigmoid_backward.grad_input(gradient, state, grad_input=gradient),
    ),
    "softplus": (lambda drive: drive.copy_(torch.nn.functional.softplus(drive)), _softplus_chain),
}


@dataclass(frozen=True)
class Cell:
    """Vanilla RNN; every parameter may carry leading dimensions (`network`), which broadcast."""

    width: Annotated[int, Range(1, 4096)] = 128  # units
    activation: Literal["tanh", "relu", "sigmoid", "softplus"] = "tanh"

    @property
    def bounded(self) -> bool:
        """Whether states stay in a ball whatever happens, as the sum rule for fixed points needs."""
        return self.activation in ("tanh", "sigmoid")

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
        weights = (parameters[name] for name in ("recurrent_weights", "input_weights", "bias"))
        return Recurrence.apply(inputs, *weights, self.activation)

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
        after = self.step(parameters, state, inputs)
        slope = ACTIVATIONS[self.activation][1](torch.ones_like(after), after)
        return slope[..., None] * parameters["recurrent_weights"]  # (…, unit, source_unit)


class Recurrence(torch.autograd.Function):
    """The loop over time of all networks, with a hand-written backward pass.

    Forward keeps every state in one preallocated tensor and works in place; backward needs one matrix product a step,
    and one for each weight gradient of all steps together. On the CPU networks advance one after the other, so that
    each one's arithmetic does not depend on its neighbours; elsewhere all of them advance in one launch a step.
    Inputs (network, time, trial, input) get no gradient.
    """

    @staticmethod
    def forward(ctx, inputs: Tensor, recurrent: Tensor, input_weights: Tensor, bias: Tensor, activation: str) -> Tensor:
        networks, steps, trials, _ = inputs.shape
        states = inputs.new_empty(networks, steps + 1, trials, bias.shape[-1])  # (network, time + 1, trial, unit)
        states[:, 0] = 0
        for some in _together(inputs):
            drive = states[some][..., 1:, :, :].flatten(-3, -2)  # (time · trial, unit), a view
            _add_product(bias[some][..., None, :], inputs[some].flatten(-3, -2), input_weights[some].mT, out=drive)
            source = recurrent[some].mT.contiguous()
            sequence = states[some].unbind(-3)
            for before, now in pairwise(sequence):
                if before is not sequence[0]:  # h_0 = 0 adds nothing
                    _add_product(now, before, source, out=now)
                ACTIVATIONS[activation][0](now)
        ctx.save_for_backward(inputs, states, recurrent)
        ctx.activation = activation
        return states[:, 1:]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor):
        inputs, states, recurrent = ctx.saved_tensors
        chain = ACTIVATIONS[ctx.activation][1]
        delta = torch.empty_like(gradient, memory_format=torch.contiguous_format)  # dL/d drive, (network, time, …)
        by_recurrent, by_input = (
            torch.empty_like(recurrent),
            recurrent.new_empty(*recurrent.shape[:2], inputs.shape[-1]),
        )
        for some in _together(inputs):
            after = None
            for now, own, state in zip(
                *(x[some].unbind(-3)[::-1] for x in (delta, gradient, states[:, 1:])), strict=True
            ):
                now.copy_(own) if after is None else _add_product(own, after, recurrent[some], out=now)
                chain(now, state)
                after = now
            before = states[some][..., 1:-1, :, :].flatten(-3, -2)  # h_0 = 0 adds nothing
            torch.matmul(delta[some][..., 1:, :, :].flatten(-3, -2).mT, before, out=by_recurrent[some])
            torch.matmul(delta[some].flatten(-3, -2).mT, inputs[some].flatten(-3, -2), out=by_input[some])
        return None, by_recurrent, by_input, delta.sum((1, 2)), None


def _together(inputs: Tensor) -> list:
    """Indices of the networks that advance in one launch: each alone on the CPU, all elsewhere."""
    return list(range(len(inputs))) if inputs.device.type == "cpu" else [slice(None)]


def _add_product(addend: Tensor, left: Tensor, right: Tensor, out: Tensor) -> Tensor:
    """addend + left @ right, of one network or of several along the first dimension."""
    add = torch.addmm if left.ndim == 2 else torch.baddbmm
    return add(addend, left, right, out=out)
