"""Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate of Gers et al. 2000), with h_0 = c_0 = 0.

    i_t = σ(W_i h_{t−1} + U_i x_t + b_i)              input gate
    f_t = σ(W_f h_{t−1} + U_f x_t + b_f)              forget gate
    o_t = σ(W_o h_{t−1} + U_o x_t + b_o)              output gate
    g_t = tanh(W h_{t−1} + U x_t + b)                 candidate
    c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t,   h_t = o_t ⊙ tanh(c_t),   y_t = R h_t + r

The equations are those of torch.nn.LSTM, whose two biases of a gate have the sum that is here one bias. A state is (h,
c) side by side, 2n numbers: fixed points, states and Jacobians have first h and then c of all units.

Each matrix is a parameter of its own, as in the GRU: `recurrent_weights` is W, that of the candidate.
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
    "input_gate_weights": ("unit", "source_unit"),
    "forget_gate_weights": ("unit", "source_unit"),
    "output_gate_weights": ("unit", "source_unit"),
    "recurrent_weights": ("unit", "source_unit"),
    "input_gate_input_weights": ("unit", "input"),
    "forget_gate_input_weights": ("unit", "input"),
    "output_gate_input_weights": ("unit", "input"),
    "input_weights": ("unit", "input"),
    "input_gate_bias": ("unit",),
    "forget_gate_bias": ("unit",),
    "output_gate_bias": ("unit",),
    "bias": ("unit",),
    "readout_weights": ("output", "unit"),
    "readout_bias": ("output",),
}
NAMES = list(PARAMETERS)
RECURRENT, INPUT, BIAS = NAMES[:4], NAMES[4:8], NAMES[8:12]  # input, forget and output gate, candidate


@dataclass(frozen=True)
class Cell:
    """Long short-term memory; every parameter may carry leading dimensions (`network`), which broadcast."""

    width: Annotated[int, Range(1, 4096, "units")] = 128
    bounded = True  # h lies within [−1, 1]; f is then at most some f < 1, and c within ±1 / (1 − f)

    @property
    def state_size(self) -> int:
        """Numbers in a state: h and c of each unit."""
        return 2 * self.width

    def parameter_dims(self) -> dict[str, tuple[str, ...]]:
        return dict(PARAMETERS)

    def initialise(self, generator: np.random.Generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        """Parameters of one network before training, all drawn from U(−1/√n, 1/√n)."""
        return uniform_parameters(self, generator, inputs, outputs)

    def states(self, parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        """States (network, time, trial, 2 · unit) for inputs (network, time, trial, input), differentiable."""
        stacks = ((RECURRENT, -2), (INPUT, -2), (BIAS, -1))  # of all gates one below the other
        weights = (torch.cat([parameters[name] for name in names], dim=dim) for names, dim in stacks)
        return Recurrence.apply(self, inputs, *weights)

    def readout(self, parameters: dict[str, Tensor], states: Tensor) -> Tensor:
        """Outputs (network, …, output) of states (network, …, 2 · unit)."""
        return linear_readout(parameters, states[..., : self.width])

    def step(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """State (…, 2 · unit) one step after `state` under inputs (…, input)."""
        *_, output, _, memory = self._parts(parameters, state, inputs)
        return torch.cat([output * torch.tanh(memory), memory], dim=-1)

    def jacobian(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """Jacobian (…, 2 · unit, 2 · unit) of `step` with respect to the state."""
        entry, forget, output, candidate, memory = self._parts(parameters, state, inputs)
        slopes = (  # dc_t by the argument of each gate
            candidate * entry * (1 - entry),
            state[..., self.width :] * forget * (1 - forget),
            entry * (1 - candidate.square()),
        )
        weights = [parameters[name] for name in RECURRENT]
        inner = sum(
            slope[..., None] * weight for slope, weight in zip(slopes, (*weights[:2], weights[3]), strict=True)
        )  # dc_t / dh (…, unit, source_unit)
        active = torch.tanh(memory)
        through = output * (1 - active.square())  # dh_t / dc_t
        by_output = (active * output * (1 - output))[..., None] * weights[2]
        shown = torch.cat([by_output + through[..., None] * inner, torch.diag_embed(through * forget)], dim=-1)
        return torch.cat([shown, torch.cat([inner, torch.diag_embed(forget)], dim=-1)], dim=-2)

    def _parts(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> tuple[Tensor, ...]:
        """Input, forget and output gate, candidate, and c_t, each (…, unit)."""
        shown, memory = state[..., : self.width], state[..., self.width :]
        entry, forget, output, candidate = (
            act(
                apply_weights(parameters[recurrent], shown)
                + apply_weights(parameters[given], inputs)
                + parameters[bias]
            )
            for act, recurrent, given, bias in zip(
                (torch.sigmoid, torch.sigmoid, torch.sigmoid, torch.tanh), RECURRENT, INPUT, BIAS, strict=True
            )
        )
        return entry, forget, output, candidate, forget * memory + entry * candidate

    def advance(
        self, states: Tensor, inputs: Tensor, recurrent: Tensor, input_weights: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Fill the states in place; returns gates (…, time, trial, 4 · unit) and tanh(c) (…, unit)."""
        width, after = self.width, states[..., 1:, :, :]
        gates = after.new_empty(*after.shape[:-1], 4 * width)
        shown = after.new_empty(*after.shape[:-1], width)
        add_product(bias[..., None, :], flat(inputs), input_weights.mT, out=flat(gates))
        source = recurrent.mT.contiguous()
        sequences = (x.unbind(-3) for x in (gates, shown))
        for (before, now), gate, active in zip(pairwise(states.unbind(-3)), *sequences, strict=True):
            add_product(gate, before[..., :width], source, out=gate)
            gate[..., : 3 * width].sigmoid_()
            gate[..., 3 * width :].tanh_()
            entry, forget, output, candidate = gate.split(width, dim=-1)
            memory = now[..., width:]
            torch.mul(forget, before[..., width:], out=memory).addcmul_(entry, candidate)
            torch.tanh(memory, out=active)
            torch.mul(output, active, out=now[..., :width])
        return gates, shown

    def retrace(
        self,
        gradient: Tensor,
        states: Tensor,
        kept: tuple[Tensor, Tensor],
        inputs: Tensor,
        recurrent: Tensor,
        *_: Tensor,
    ) -> tuple[Tensor, ...]:
        """Gradients of the weights in the order of `advance`; one matrix product a step."""
        width, (gates, shown) = self.width, kept
        by_gate = torch.empty_like(gates)  # dL/d argument of σ or tanh (…, time, trial, 4 · unit)
        through_sigmoid, through_tanh = ACTIVATIONS["sigmoid"].chain, ACTIVATIONS["tanh"].chain
        later_shown, later_memory = (torch.zeros_like(shown[..., 0, :, :]) for _ in range(2))
        sequences = (gradient, states[..., :-1, :, width:], gates, shown, by_gate)
        for own, memory, gate, active, to_gate in zip(*(x.unbind(-3)[::-1] for x in sequences), strict=True):
            entry, forget, output, candidate = gate.split(width, dim=-1)
            to_entry, to_forget, to_output, to_candidate = to_gate.split(width, dim=-1)
            to_shown = own[..., :width] + later_shown  # dL/dh_t
            to_memory = own[..., width:] + later_memory  # dL/dc_t
            to_memory += through_tanh(to_shown * output, active)
            torch.mul(to_memory, candidate, out=to_entry)
            torch.mul(to_memory, memory, out=to_forget)
            torch.mul(to_shown, active, out=to_output)
            torch.mul(to_memory, entry, out=to_candidate)
            through_sigmoid(to_gate[..., : 3 * width], gate[..., : 3 * width])
            through_tanh(to_candidate, candidate)
            torch.mul(to_memory, forget, out=later_memory)
            torch.matmul(to_gate, recurrent, out=later_shown)
        before = flat(states[..., :-1, :, :width])
        return flat(by_gate).mT @ before, flat(by_gate).mT @ flat(inputs), by_gate.sum((-3, -2))
