"""Vanilla recurrence h_t = act(W_h h_{t−1} + W_x x_t + b), y_t = W_o h_t + b_o, with h_0 = 0."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from degeneracy.cells._recurrence import (
    ACTIVATIONS,
    BOUNDED,
    Recurrence,
    add_product,
    apply_weights,
    flat,
    linear_readout,
    uniform_parameters,
)
from degeneracy.plugins.options import Range

LINEAR_READOUT = True  # so that teacher forcing can act on the state


@dataclass(frozen=True)
class Cell:
    """Vanilla RNN; every parameter may carry leading dimensions (`network`), which broadcast."""

    width: Annotated[int, Range(1, 4096, "units")] = 128
    activation: Literal["tanh", "relu", "sigmoid", "softplus", "elu"] = "tanh"

    keep = 0.0  # share of its current that a unit keeps in a step

    @property
    def bounded(self) -> bool:
        """Whether states stay in a ball whatever happens, as the sum rule for fixed points needs."""
        return self.activation in BOUNDED

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
        return uniform_parameters(self, generator, inputs, outputs)

    def states(self, parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        """States (network, time, trial, unit) that inputs (network, time, trial, input) lead to, differentiable."""
        weights = (parameters[name] for name in ("recurrent_weights", "input_weights", "bias"))
        return Recurrence.apply(self, inputs, *weights)

    def readout(self, parameters: dict[str, Tensor], states: Tensor) -> Tensor:
        """Outputs (network, …, output) of states (network, …, unit)."""
        return linear_readout(parameters, states)

    def affine(self, parameters: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """What makes the next drives of rates, inputs and 1, and outputs of rates and 1."""
        names = ("recurrent_weights", "input_weights", "bias", "readout_weights", "readout_bias")
        return tuple(parameters[name] for name in names)

    def step(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """State (…, unit) one step after `state` (…, unit) under inputs (…, input)."""
        drive = apply_weights(parameters["recurrent_weights"], state)
        drive = drive + apply_weights(parameters["input_weights"], inputs) + parameters["bias"]
        return ACTIVATIONS[self.activation].value(drive)

    def jacobian(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """Jacobian (…, unit, source_unit) of `step` with respect to the state."""
        slope = ACTIVATIONS[self.activation].slope(self.step(parameters, state, inputs))
        return slope[..., None] * parameters["recurrent_weights"]  # (…, unit, source_unit)

    def advance(self, states: Tensor, inputs: Tensor, recurrent: Tensor, input_weights: Tensor, bias: Tensor) -> tuple:
        """Fill the states in place; one matrix product a step."""
        drive = flat(states[..., 1:, :, :])  # (…, time · trial, unit), a view
        add_product(bias[..., None, :], flat(inputs), input_weights.mT, out=drive)
        source, act = recurrent.mT.contiguous(), ACTIVATIONS[self.activation].apply
        sequence = states.unbind(-3)
        for before, now in pairwise(sequence):
            if before is not sequence[0]:  # h_0 = 0 adds nothing
                add_product(now, before, source, out=now)
            act(now)
        return ()

    def retrace(self, gradient: Tensor, states: Tensor, kept: tuple, inputs: Tensor, recurrent: Tensor, *_: Tensor):
        """Gradients of the weights; one matrix product a step, and one for each weight of all steps together."""
        chain = ACTIVATIONS[self.activation].chain
        delta = torch.empty_like(gradient, memory_format=torch.contiguous_format)  # dL/d drive (…, time, trial, unit)
        after = None
        for now, own, state in zip(
            *(x.unbind(-3)[::-1] for x in (delta, gradient, states[..., 1:, :, :])), strict=True
        ):
            now.copy_(own) if after is None else add_product(own, after, recurrent, out=now)
            chain(now, state)
            after = now
        by_recurrent = flat(delta[..., 1:, :, :]).mT @ flat(states[..., 1:-1, :, :])  # h_0 = 0 adds nothing
        return by_recurrent, flat(delta).mT @ flat(inputs), delta.sum((-3, -2))
