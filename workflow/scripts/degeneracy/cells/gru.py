"""Gated recurrent unit (Cho et al. 2014), y_t = W_o h_t + b_o, with h_0 = 0.

    r_t = σ(W_r h_{t−1} + U_r x_t + b_r)                  reset gate
    z_t = σ(W_z h_{t−1} + U_z x_t + b_z)                  update gate
    n_t = tanh(U x_t + b + r_t ⊙ (W h_{t−1} + c))         candidate
    h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t−1}

As in torch.nn.GRU, the reset gate acts on W h_{t−1} + c; in the paper (eq. 8) it acts on h_{t−1}.

Each matrix is a parameter of its own, so that all that metrics know of recurrent weights holds for each:
`recurrent_weights` is W, that of the candidate, which carries what the vanilla cell's carries; `reset_weights` is W_r
and `update_weights` is W_z. torch.nn.GRU has two biases a gate whose sum alone matters; here there is one, drawn
from the same interval.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from degeneracy.cells._recurrence import (
    ACTIVATIONS,
    Recurrence,
    add_product,
    apply_weights,
    flat,
    linear_readout,
    uniform_parameters,
)
from degeneracy.plugins.options import Range

PARAMETERS = {
    "recurrent_weights": ("unit", "source_unit"),
    "reset_weights": ("unit", "source_unit"),
    "update_weights": ("unit", "source_unit"),
    "input_weights": ("unit", "input"),
    "reset_input_weights": ("unit", "input"),
    "update_input_weights": ("unit", "input"),
    "recurrent_bias": ("unit",),
    "bias": ("unit",),
    "reset_bias": ("unit",),
    "update_bias": ("unit",),
    "readout_weights": ("output", "unit"),
    "readout_bias": ("output",),
}

LINEAR_READOUT = True  # so that teacher forcing can act on the state


@dataclass(frozen=True)
class Cell:
    """Gated recurrent unit; every parameter may carry leading dimensions (`network`), which broadcast."""

    width: Annotated[int, Range(1, 4096, "units")] = 128
    bounded = True  # each state is a mean of the last one and a tanh

    def parameter_dims(self) -> dict[str, tuple[str, ...]]:
        return dict(PARAMETERS)

    def initialise(self, generator: np.random.Generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        """Parameters of one network before training, all drawn from U(−1/√n, 1/√n)."""
        return uniform_parameters(self, generator, inputs, outputs)

    def states(self, parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        """States (network, time, trial, unit) that inputs (network, time, trial, input) lead to, differentiable."""
        weights = (  # those of both gates one below the other, autograd takes them apart again
            parameters["recurrent_weights"],
            torch.cat((parameters["reset_weights"], parameters["update_weights"]), dim=-2),
            parameters["input_weights"],
            torch.cat((parameters["reset_input_weights"], parameters["update_input_weights"]), dim=-2),
            parameters["recurrent_bias"],
            parameters["bias"],
            torch.cat((parameters["reset_bias"], parameters["update_bias"]), dim=-1),
        )
        return Recurrence.apply(self, inputs, *weights)

    def readout(self, parameters: dict[str, Tensor], states: Tensor) -> Tensor:
        """Outputs (network, …, output) of states (network, …, unit)."""
        return linear_readout(parameters, states)

    def step(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """State (…, unit) one step after `state` (…, unit) under inputs (…, input)."""
        _, update, candidate, _ = self._parts(parameters, state, inputs)
        return candidate + update * (state - candidate)

    def jacobian(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """Jacobian (…, unit, source_unit) of `step` with respect to the state."""
        reset, update, candidate, recurrent = self._parts(parameters, state, inputs)
        by_drive = (1 - update) * (1 - candidate.square())  # dh_t / d(argument of tanh)
        by_update = (state - candidate) * update * (1 - update)
        by_reset = by_drive * recurrent * reset * (1 - reset)
        weighted = (
            (by_drive * reset, "recurrent_weights"),
            (by_update, "update_weights"),
            (by_reset, "reset_weights"),
        )
        own = torch.diag_embed(update)  # (…, unit, source_unit)
        return own + sum(slope[..., None] * parameters[name] for slope, name in weighted)

    def _parts(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> tuple[Tensor, ...]:
        """Reset gate, update gate, candidate, and W h + c, each (…, unit)."""
        reset, update = (
            torch.sigmoid(
                apply_weights(parameters[f"{gate}_weights"], state)
                + apply_weights(parameters[f"{gate}_input_weights"], inputs)
                + parameters[f"{gate}_bias"]
            )
            for gate in ("reset", "update")
        )
        recurrent = apply_weights(parameters["recurrent_weights"], state) + parameters["recurrent_bias"]
        drive = apply_weights(parameters["input_weights"], inputs) + parameters["bias"]
        return reset, update, torch.tanh(drive + reset * recurrent), recurrent

    def advance(
        self,
        states: Tensor,
        inputs: Tensor,
        recurrent: Tensor,
        gate_weights: Tensor,
        input_weights: Tensor,
        gate_input_weights: Tensor,
        recurrent_bias: Tensor,
        bias: Tensor,
        gate_bias: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Fill the states in place; returns gates (…, time, trial, 2 · unit), candidates and W h + c (…, unit)."""
        after = states[..., 1:, :, :]
        candidates, recurrences = (torch.empty_like(after, memory_format=torch.contiguous_format) for _ in range(2))
        gates = after.new_empty(*after.shape[:-1], 2 * self.width)
        add_product(bias[..., None, :], flat(inputs), input_weights.mT, out=flat(candidates))
        add_product(gate_bias[..., None, :], flat(inputs), gate_input_weights.mT, out=flat(gates))
        source, gate_source = recurrent.mT.contiguous(), gate_weights.mT.contiguous()
        addend = recurrent_bias[..., None, :]
        sequences = (x.unbind(-3) for x in (gates, candidates, recurrences))
        for (before, now), gate, candidate, product in zip(pairwise(states.unbind(-3)), *sequences, strict=True):
            add_product(gate, before, gate_source, out=gate).sigmoid_()
            reset, update = gate.split(self.width, dim=-1)
            add_product(addend, before, source, out=product)
            candidate.addcmul_(reset, product).tanh_()
            torch.lerp(candidate, before, update, out=now)
        return gates, candidates, recurrences

    def retrace(
        self,
        gradient: Tensor,
        states: Tensor,
        kept: tuple[Tensor, Tensor, Tensor],
        inputs: Tensor,
        recurrent: Tensor,
        gate_weights: Tensor,
        *_: Tensor,
    ) -> tuple[Tensor, ...]:
        """Gradients of the weights in the order of `advance`; two matrix products a step."""
        gates, candidates, recurrences = kept
        by_gate = torch.empty_like(gates)  # dL/d argument of σ (…, time, trial, 2 · unit)
        by_drive, by_product = torch.empty_like(candidates), torch.empty_like(candidates)  # … of tanh, of W h + c
        through_sigmoid, through_tanh = ACTIVATIONS["sigmoid"].chain, ACTIVATIONS["tanh"].chain
        later = torch.zeros_like(candidates[..., 0, :, :])  # what the steps after this one say of its state
        sequences = (gradient, states[..., :-1, :, :], gates, candidates, recurrences, by_gate, by_drive, by_product)
        for own, before, gate, candidate, product, to_gate, to_drive, to_product in zip(
            *(x.unbind(-3)[::-1] for x in sequences), strict=True
        ):
            reset, update = gate.split(self.width, dim=-1)
            to_reset, to_update = to_gate.split(self.width, dim=-1)
            total = own + later  # dL/dh_t
            torch.mul(total, before - candidate, out=to_update)
            torch.mul(total, 1 - update, out=to_drive)
            through_tanh(to_drive, candidate)
            torch.mul(to_drive, product, out=to_reset)
            through_sigmoid(to_gate, gate)
            torch.mul(to_drive, reset, out=to_product)
            add_product(total.mul_(update), to_gate, gate_weights, out=later)
            add_product(later, to_product, recurrent, out=later)
        before, given = flat(states[..., :-1, :, :]), flat(inputs)
        return (
            flat(by_product).mT @ before,
            flat(by_gate).mT @ before,
            flat(by_drive).mT @ given,
            flat(by_gate).mT @ given,
            by_product.sum((-3, -2)),
            by_drive.sum((-3, -2)),
            by_gate.sum((-3, -2)),
        )
