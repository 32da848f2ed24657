"""What cells share: activations, the loop over time with a hand-written backward pass, and the linear readout."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from degeneracy.cells import state_size

aten = torch.ops.aten


class Activation(NamedTuple):
    """An activation, the same in place, and what multiplies a gradient in place with its slope, from its own value."""

    value: Callable[[Tensor], Tensor]
    apply: Callable[[Tensor], Tensor]
    chain: Callable[[Tensor, Tensor], Tensor]

    def slope(self, value: Tensor) -> Tensor:
        """Derivative of the activation where it takes the values `value`."""
        return self.chain(torch.ones_like(value), value)


softplus = torch.nn.functional.softplus

ACTIVATIONS = {
    "tanh": Activation(
        torch.tanh,
        torch.tanh_,
        lambda gradient, value: aten.tanh_backward.grad_input(gradient, value, grad_input=gradient),
    ),
    "relu": Activation(torch.relu, torch.relu_, lambda gradient, value: gradient.mul_(value > 0)),
    "sigmoid": Activation(
        torch.sigmoid,
        torch.sigmoid_,
        lambda gradient, value: aten.sigmoid_backward.grad_input(gradient, value, grad_input=gradient),
    ),
    "softplus": Activation(
        softplus,
        lambda drive: drive.copy_(softplus(drive)),
        lambda gradient, value: gradient.mul_(-torch.expm1(-value)),
    ),
    "elu": Activation(
        torch.nn.functional.elu,
        torch.nn.functional.elu_,
        lambda gradient, value: gradient.mul_(value.clamp_max(0).add_(1)),
    ),
}
BOUNDED = ("tanh", "sigmoid")  # activations whose values stay in an interval


class Recurrence(torch.autograd.Function):
    """States of all networks through time, from h_0 = 0, with the cell's own backward pass.

    On the CPU networks advance one after the other, so that each one's arithmetic does not depend on its neighbours;
    elsewhere all of them advance in one launch a step. The cell gives both passes, for tensors with or without the
    leading dimension `network`:

        advance(states, inputs, *weights) -> kept
            fill states (…, time + 1, trial, unit), whose first is h_0, in place; return the tensors that `retrace`
            needs besides, as a tuple
        retrace(gradient, states, kept, inputs, *weights) -> gradients of the weights
            from the gradient (…, time, trial, unit) with respect to the states after h_0

    Inputs (network, time, trial, input) get no gradient.
    """

    @staticmethod
    def forward(ctx, cell, inputs: Tensor, *weights: Tensor) -> Tensor:
        networks, steps, trials, _ = inputs.shape
        states = inputs.new_empty(networks, steps + 1, trials, state_size(cell))  # (network, time + 1, trial, unit)
        states[:, 0] = 0
        kept = [
            cell.advance(states[some], inputs[some], *(weight[some] for weight in weights)) for some in together(inputs)
        ]
        ctx.save_for_backward(inputs, states, *weights, *(tensor for part in kept for tensor in part))
        ctx.cell, ctx.weights = cell, len(weights)
        return states[:, 1:]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor):
        inputs, states, *rest = ctx.saved_tensors
        weights, kept, launches = rest[: ctx.weights], rest[ctx.weights :], together(inputs)
        each = len(kept) // len(launches)  # tensors that one launch kept
        parts = [
            ctx.cell.retrace(
                gradient[some],
                states[some],
                kept[each * launch : each * (launch + 1)],
                inputs[some],
                *(weight[some] for weight in weights),
            )
            for launch, some in enumerate(launches)
        ]
        gradients = zip(*parts, strict=True)  # of one weight, from all parts
        return (
            None,
            None,
            *(
                torch.stack(own) if own[0].ndim < weight.ndim else torch.cat(own)
                for own, weight in zip(gradients, weights, strict=True)
            ),
        )


def together(inputs: Tensor) -> list:
    """Indices of the networks that advance in one launch: each alone on the CPU, all elsewhere."""
    return list(range(len(inputs))) if inputs.device.type == "cpu" else [slice(None)]


def add_product(addend: Tensor, left: Tensor, right: Tensor, out: Tensor) -> Tensor:
    """addend + left @ right, of one network or of several along the first dimension."""
    add = torch.addmm if left.ndim == 2 else torch.baddbmm
    return add(addend, left, right, out=out)


def flat(sequence: Tensor) -> Tensor:
    """All steps of all trials (…, time · trial, unit) of a sequence (…, time, trial, unit)."""
    return sequence.flatten(-3, -2)


def apply_weights(weights: Tensor, vector: Tensor) -> Tensor:
    """Product (…, unit) of weights (…, unit, source_unit) and vectors (…, source_unit); both sides broadcast."""
    return (weights @ vector[..., None])[..., 0]


def linear_readout(parameters: dict[str, Tensor], states: Tensor) -> Tensor:
    """Outputs W_o h + b_o (network, …, output) of states (network, …, unit)."""
    rows = states.reshape(states.shape[0], -1, states.shape[-1])  # (network, state, unit)
    outputs = torch.baddbmm(parameters["readout_bias"][:, None], rows, parameters["readout_weights"].mT)
    return outputs.reshape(*states.shape[:-1], -1)


def sizes_of(cell, inputs: int, outputs: int) -> dict[str, list[int]]:
    """Shape of each parameter of one network."""
    sizes = {"unit": cell.width, "source_unit": cell.width, "input": inputs, "output": outputs}
    return {name: [sizes[dim] for dim in dims] for name, dims in cell.parameter_dims().items()}


def uniform_parameters(cell, generator: np.random.Generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
    """Parameters of one network before training, all drawn from U(−1/√n, 1/√n), n the width."""
    bound = cell.width**-0.5
    return {name: generator.uniform(-bound, bound, shape) for name, shape in sizes_of(cell, inputs, outputs).items()}
