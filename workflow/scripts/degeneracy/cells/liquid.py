"""Liquid time-constant network (Hasani et al. 2020), dx/dt = −(1/τ + f) x + f A with f = σ(W x + U I + b), x_0 = 0.

A step of the task lasts one unit of time and takes `solver_steps` L steps of the fused solver (algorithm 1), each of

    x ← (x + Δt f ⊙ A) / (1 + Δt (1/τ + f)),    Δt = 1 / L,    and y = W_o x + b_o.

f changes how fast a unit moves, between 1/τ and 1/τ + 1, and where to. A unit stays between 0 and its A (theorem 2).
The rates 1/τ are trained; after each step of training, a negative one is set to 0, as the authors' code clips its
constants.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from degeneracy.cells._rates import BESIDES_RECURRENT
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

LINEAR_READOUT = True

RECURRENT = ("recurrent_weights", "input_weights", "bias", "target", "rate")


@dataclass(frozen=True)
class Cell:
    """Liquid time-constant network; every parameter may carry leading dimensions, which broadcast."""

    width: Annotated[int, Range(1, 4096, "units")] = 128
    solver_steps: Annotated[int, Range(1, 100)] = 6  # L, as in the authors' code
    bounded = True  # each unit moves towards the interval between 0 and its target

    def parameter_dims(self) -> dict[str, tuple[str, ...]]:
        return {
            "recurrent_weights": ("unit", "source_unit"),
            "target": ("unit",),  # A
            "rate": ("unit",),  # 1/τ
            **BESIDES_RECURRENT,
        }

    def initialise(self, generator: np.random.Generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        """Parameters of one network before training: A from N(0, 1), τ = 1, W, U, b from U(−1, 1) · 4/√n."""
        # ASSUME: the paper leaves these numbers open; σ must leave its linear range, so weights start larger
        drawn = uniform_parameters(self, generator, inputs, outputs)
        drawn |= {name: 4 * drawn[name] for name in RECURRENT[:3]}
        return drawn | {"target": generator.standard_normal(self.width), "rate": np.ones(self.width)}

    def constrain(self, parameters: dict[str, Tensor]) -> None:
        """Set negative rates to 0, in place."""
        parameters["rate"].clamp_(min=0)

    def states(self, parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        """States (network, time, trial, unit) that inputs (network, time, trial, input) lead to, differentiable."""
        return Recurrence.apply(self, inputs, *(parameters[name] for name in RECURRENT))

    def readout(self, parameters: dict[str, Tensor], states: Tensor) -> Tensor:
        """Outputs (network, …, output) of states (network, …, unit)."""
        return linear_readout(parameters, states)

    def step(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """State (…, unit) one step after `state` (…, unit) under inputs (…, input)."""
        *_, (state, _, _) = self._solver(parameters, state, inputs)
        return state

    def jacobian(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """Jacobian (…, unit, source_unit) of `step` with respect to the state: a product over the solver's steps."""
        weights, share = parameters["recurrent_weights"], 1 / self.solver_steps
        whole = torch.eye(self.width, dtype=state.dtype, device=state.device)
        for after, gate, below in self._solver(parameters, state, inputs):
            slope = share * (parameters["target"] - after) * gate * (1 - gate) / below
            whole = (torch.diag_embed(1 / below) + slope[..., None] * weights) @ whole
        return whole

    def _solver(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor):
        """Yields x, f and the denominator, each (…, unit), of each step of the solver."""
        share = 1 / self.solver_steps
        given = apply_weights(parameters["input_weights"], inputs) + parameters["bias"]
        for _ in range(self.solver_steps):
            gate = torch.sigmoid(apply_weights(parameters["recurrent_weights"], state) + given)
            below = 1 + share * (parameters["rate"] + gate)
            state = (state + share * gate * parameters["target"]) / below
            yield state, gate, below

    def advance(
        self,
        states: Tensor,
        inputs: Tensor,
        recurrent: Tensor,
        input_weights: Tensor,
        bias: Tensor,
        target: Tensor,
        rate: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Fill the states in place; returns x before and f of each step of the solver (time · solver step, …, unit)."""
        steps, share = self.solver_steps, 1 / self.solver_steps
        drive = torch.empty_like(states[..., 1:, :, :], memory_format=torch.contiguous_format)
        add_product(bias[..., None, :], flat(inputs), input_weights.mT, out=flat(drive))
        sequence = states.unbind(-3)
        befores, gates = (states.new_empty(steps * (len(sequence) - 1), *sequence[0].shape) for _ in range(2))
        source, pull, decay = recurrent.mT.contiguous(), share * target[..., None, :], 1 + share * rate[..., None, :]
        inner = zip(befores, gates, strict=True)
        for (before, now), given in zip(pairwise(sequence), drive.unbind(-3), strict=True):
            now.copy_(before)
            for _ in range(steps):
                state, gate = next(inner)
                state.copy_(now)
                add_product(given, state, source, out=gate).sigmoid_()
                now.addcmul_(gate, pull).div_(torch.add(decay, gate, alpha=share))
        return befores, gates

    def retrace(
        self,
        gradient: Tensor,
        states: Tensor,
        kept: tuple[Tensor, Tensor],
        inputs: Tensor,
        recurrent: Tensor,
        input_weights: Tensor,
        bias: Tensor,
        target: Tensor,
        rate: Tensor,
    ) -> tuple[Tensor, ...]:
        """Gradients of the weights in the order of `advance`; one matrix product a step of the solver."""
        (befores, gates), steps, share = kept, self.solver_steps, 1 / self.solver_steps
        target, decay = target[..., None, :], 1 + share * rate[..., None, :]
        afters = torch.cat([befores[1:], states[..., -1, :, :][None]])  # x after each step of the solver
        weighted = share / (decay + share * gates)  # Δt / denominator
        by_gate = (target - afters).mul_(weighted)  # dx / df, later dL / d argument of σ
        ACTIVATIONS["sigmoid"].chain(by_gate, gates)
        deltas = torch.empty_like(gates)  # dL/dx after each step of the solver
        later = torch.zeros_like(gates[0])
        for step, own in reversed(list(enumerate(gradient.unbind(-3)))):
            later = later + own
            for inner in reversed(range(step * steps, (step + 1) * steps)):
                deltas[inner] = later
                by_gate[inner] *= later
                later = torch.mul(later, weighted[inner]).mul_(steps)
                add_product(later, by_gate[inner], recurrent, out=later)
        weighted *= deltas
        by_input = by_gate.unflatten(0, (-1, steps)).sum(1).movedim(0, -3)  # (…, time, trial, unit)
        by_gate, befores = (flat(each.movedim(0, -3)) for each in (by_gate, befores))
        return (
            by_gate.mT @ befores,
            flat(by_input).mT @ flat(inputs),
            by_input.sum((-3, -2)),
            (weighted * gates).sum((0, -2)),
            -(weighted * afters).sum((0, -2)),
        )
