"""What cells h_t = φ(W h_{t−1} + W_x x_t + b), y_t = W_o h_t + b_o share, whichever parameters W is made of."""

from itertools import pairwise

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
)

BESIDES_RECURRENT = {
    "input_weights": ("unit", "input"),
    "bias": ("unit",),
    "readout_weights": ("output", "unit"),
    "readout_bias": ("output",),
}


class Rates:
    """The recurrence and its backward pass; a cell adds its options, its parameters and, if it has one, its own W."""

    width: int
    activation: str
    keep = 0.0  # share of its current that a unit keeps in a step

    @property
    def bounded(self) -> bool:
        """Whether states stay in a ball whatever happens, as the sum rule for fixed points needs."""
        return self.activation in BOUNDED

    def parameter_dims(self) -> dict[str, tuple[str, ...]]:
        return {"recurrent_weights": ("unit", "source_unit"), **BESIDES_RECURRENT}

    def recurrent(self, parameters):
        """The matrix W (…, unit, source_unit)."""
        return parameters["recurrent_weights"]

    def states(self, parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        """States (network, time, trial, unit) that inputs (network, time, trial, input) lead to, differentiable."""
        return Recurrence.apply(self, inputs, *self._drive(parameters))

    def readout(self, parameters: dict[str, Tensor], states: Tensor) -> Tensor:
        """Outputs (network, …, output) of states (network, …, unit)."""
        return linear_readout(parameters, states)

    def _drive(self, parameters: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """What makes the next drives of rates, inputs and 1."""
        return self.recurrent(parameters), parameters["input_weights"], parameters["bias"]

    def affine(self, parameters: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """What makes the next drives of rates, inputs and 1, and outputs of rates and 1."""
        return *self._drive(parameters), parameters["readout_weights"], parameters["readout_bias"]

    def step(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """State (…, unit) one step after `state` (…, unit) under inputs (…, input)."""
        drive = apply_weights(self.recurrent(parameters), state)
        drive = drive + apply_weights(parameters["input_weights"], inputs) + parameters["bias"]
        return ACTIVATIONS[self.activation].value(drive)

    def jacobian(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """Jacobian (…, unit, source_unit) of `step` with respect to the state."""
        slope = ACTIVATIONS[self.activation].slope(self.step(parameters, state, inputs))
        return slope[..., None] * self.recurrent(parameters)  # (…, unit, source_unit)

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
