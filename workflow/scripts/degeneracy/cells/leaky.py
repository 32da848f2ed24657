"""Leaky units with private noise, as in PsychRNN and neurogym, with α = time_step / time_constant and h_0 = 0.

    current   h_{t+1} = (1 − α) h_t + α (W φ(h_t) + W_x x_t + b) + √(2α) σ ξ_t,     y_t = W_o φ(h_t) + b_o
    rate      h_{t+1} = (1 − α) h_t + α φ(W h_t + W_x x_t + b + √(2/α) σ ξ_t),      y_t = W_o h_t + b_o

`form` chooses. The current form is that of PsychRNN (Ehrlich et al. 2021), the rate form that of Yang et al. 2019 (eq.
5). ξ_t ~ N(0, 1) is drawn for each unit, trial and step, and σ is `recurrent_noise`. With it the SD of a current that
gets nothing else is σ / √(1 − α/2), about σ at any time step. Training has noise; networks are evaluated and compared
without it.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from degeneracy.cells._currents import Currents
from degeneracy.cells._rates import BESIDES_RECURRENT
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

DRIVE = ("recurrent_weights", "input_weights", "bias")
REQUIRES = ("time_step <= time_constant",)


@dataclass(frozen=True)
class Cell:
    """Leaky RNN; every parameter may carry leading dimensions (`network`), which broadcast."""

    width: Annotated[int, Range(1, 4096, "units")] = 128
    activation: Literal["tanh", "relu", "sigmoid", "softplus", "elu", "linear"] = "tanh"
    form: Literal["current", "rate"] = "current"
    time_constant: Annotated[float, Range(1e-3, 1e6, "ms")] = 100.0  # τ
    time_step: Annotated[float, Range(1e-3, 1e6, "ms")] = 20.0  # Δt of a step of the task, at most τ
    recurrent_noise: Annotated[float, Range(0, 100)] = 0.0  # σ in training (state units)

    @property
    def share(self) -> float:
        """α, the share of the way to its target that a unit goes in a step."""
        return self.time_step / self.time_constant

    @property
    def keep(self) -> float | None:
        """Share of its current that a unit keeps in a step; None if its state is no current."""
        return 1 - self.share if self.form == "current" else None

    @property
    def noise_scale(self) -> float:
        """What noise of SD 1 is multiplied by where it is added: √(2α) σ in a current, √(2/α) σ within φ."""
        return self.recurrent_noise * (2 * self.share if self.form == "current" else 2 / self.share) ** 0.5

    @property
    def bounded(self) -> bool:
        """Whether a ball of states is mapped into itself: what arrives is bounded, and the rest decays."""
        return self.activation in BOUNDED

    def parameter_dims(self) -> dict[str, tuple[str, ...]]:
        return {"recurrent_weights": ("unit", "source_unit"), **BESIDES_RECURRENT}

    def initialise(self, generator: np.random.Generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        """Parameters of one network before training, all drawn from U(−1/√n, 1/√n)."""
        return uniform_parameters(self, generator, inputs, outputs)

    def states(self, parameters: dict[str, Tensor], inputs: Tensor, noise: Tensor | None = None) -> Tensor:
        """States (network, time, trial, unit) for inputs (network, time, trial, input), with noise of SD 1 if given."""
        added = () if noise is None else (self.noise_scale * noise,)
        if self.form == "current":
            return Recurrence.apply(Currents.of(self), inputs, *self._drive(parameters), *added)
        return Recurrence.apply(self, inputs, *(parameters[name] for name in DRIVE), *added)

    def readout(self, parameters: dict[str, Tensor], states: Tensor) -> Tensor:
        """Outputs (network, …, output) of states (network, …, unit)."""
        rates = states if self.form == "rate" else ACTIVATIONS[self.activation].value(states)
        return linear_readout(parameters, rates)

    def _drive(self, parameters: dict[str, Tensor]) -> list[Tensor]:
        """What makes the next drives of rates, inputs and 1 in the current form."""
        return [self.share * parameters[name] for name in DRIVE]

    def affine(self, parameters: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """The same, and what makes outputs of rates and 1."""
        return *self._drive(parameters), parameters["readout_weights"], parameters["readout_bias"]

    def step(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """State (…, unit) one step after `state` (…, unit) under inputs (…, input), without noise."""
        activate = ACTIVATIONS[self.activation].value
        source = state if self.form == "rate" else activate(state)
        drive = apply_weights(parameters["recurrent_weights"], source)
        drive = drive + apply_weights(parameters["input_weights"], inputs) + parameters["bias"]
        return state + self.share * ((activate(drive) if self.form == "rate" else drive) - state)

    def jacobian(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """Jacobian (…, unit, source_unit) of `step` with respect to the state."""
        activation, weights = ACTIVATIONS[self.activation], parameters["recurrent_weights"]
        keep = (1 - self.share) * torch.eye(self.width, dtype=state.dtype, device=state.device)
        if self.form == "current":
            return keep + self.share * weights * activation.slope(activation.value(state))[..., None, :]
        drive = apply_weights(weights, state) + apply_weights(parameters["input_weights"], inputs) + parameters["bias"]
        return keep + self.share * activation.slope(activation.value(drive))[..., None] * weights

    def advance(
        self, states: Tensor, inputs: Tensor, recurrent: Tensor, input_weights: Tensor, bias: Tensor, *noise: Tensor
    ) -> tuple[Tensor]:
        """Fill the states of the rate form in place; returns φ (…, time, trial, unit) of the drive of each step."""
        rates = torch.empty_like(states[..., 1:, :, :], memory_format=torch.contiguous_format)
        add_product(bias[..., None, :], flat(inputs), input_weights.mT, out=flat(rates))
        for each in noise:
            rates += each
        source, act = recurrent.mT.contiguous(), ACTIVATIONS[self.activation].apply
        for (before, now), rate in zip(pairwise(states.unbind(-3)), rates.unbind(-3), strict=True):
            act(add_product(rate, before, source, out=rate))
            torch.lerp(before, rate, self.share, out=now)
        return (rates,)

    def retrace(
        self,
        gradient: Tensor,
        states: Tensor,
        kept: tuple,
        inputs: Tensor,
        recurrent: Tensor,
        input_weights: Tensor,
        bias: Tensor,
        *noise: Tensor,
    ) -> tuple:
        """Gradients of the weights of the rate form, from the rates that `advance` kept; noise has none."""
        (rates,), chain = kept, ACTIVATIONS[self.activation].chain
        delta = torch.empty_like(rates)  # dL/d drive (…, time, trial, unit)
        later = torch.zeros_like(rates[..., 0, :, :])  # what the steps after this one say of its state
        for now, own, rate in zip(*(x.unbind(-3)[::-1] for x in (delta, gradient, rates)), strict=True):
            total = own + later
            chain(torch.mul(total, self.share, out=now), rate)
            add_product(total.mul_(1 - self.share), now, recurrent, out=later)
        before = flat(states[..., :-1, :, :])
        weights = flat(delta).mT @ before, flat(delta).mT @ flat(inputs), delta.sum((-3, -2))
        return *weights, *(None for _ in noise)
