"""µP current cell h_{t+1} = h_t + τ(−h_t + J φ(h_t)/N + U x_t), y_t = W_o φ(h_t) / (γN), with h_0 = 0.

In this parametrisation what is learnt per step does not depend on the width N, and γ sets how rich it is: at fixed
γ the change of the hidden state is of order one at any width, and a larger γ makes the outputs smaller and the change
of the weights larger (Huang et al. 2025; Bordelon & Pehlevan 2022).

J_ij has variance N, U_ij and (W_o)_ij have variance 1; the learning rate is multiplied with γ.

Adam. µP as it is usually written gives the learning rate of each layer under SGD. An Adam step moves an entry by
about the learning rate η, whatever the size of its gradient, and the changes of a row are aligned with what comes in:
J φ(h)/N, U x and W_o φ(h)/(γN) then change by about η, η and η/γ, at any width. (For the weights J/N and W_o/N
themselves it is the learning rate η/N of Yang et al. 2022, Tensor Programs V, table 3.) So η = γη₀ is the rate of all
parameters, with no further factor of N: the hidden state moves by γη₀ and the output by η₀ a step. What does depend
on the width is Adam's ε, because gradients are small in these parameters: 1/(γN²) for an entry of J, 1/(γN) for one
of U and W_o. ε is measured in these sizes (`gradient_scales`).
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from degeneracy.cells._currents import Currents
from degeneracy.cells._recurrence import ACTIVATIONS, BOUNDED, Recurrence, apply_weights, sizes_of
from degeneracy.plugins.options import Range


@dataclass(frozen=True)
class Cell:
    """µP current cell; its states are the currents h. Every parameter may carry leading dimensions, which broadcast."""

    width: Annotated[int, Range(1, 4096, "units")] = 128
    activation: Literal["tanh", "relu", "sigmoid", "softplus", "elu", "linear"] = "tanh"
    gamma: Annotated[float, Range(1e-6, 1e6)] = 1.0  # richness of feature learning
    time_constant: Annotated[float, Range(1e-6, 1)] = 0.1  # share τ of the way to its target a current goes in a step

    @property
    def bounded(self) -> bool:
        """Whether a ball of currents is mapped into itself: what arrives is bounded, and the rest decays."""
        return self.activation in BOUNDED

    @property
    def keep(self) -> float:
        """Share of its current that a unit keeps in a step."""
        return 1 - self.time_constant

    @property
    def learning_rate_scale(self) -> float:
        return self.gamma

    def gradient_scales(self) -> dict[str, float]:
        """Order of magnitude of the entries of the gradient of each parameter, at an error of order one."""
        # ASSUME: Adam's ε shrinks with the gradients; a fixed ε would stop wide networks from learning features
        one = 1 / (self.gamma * self.width)
        return {"recurrent_weights": one / self.width, "input_weights": one, "readout_weights": one}

    def parameter_dims(self) -> dict[str, tuple[str, ...]]:
        return {
            "recurrent_weights": ("unit", "source_unit"),
            "input_weights": ("unit", "input"),
            "readout_weights": ("output", "unit"),
        }

    def initialise(self, generator: np.random.Generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        """Parameters of one network before training: J from N(0, N), U and W_o from N(0, 1)."""
        # ASSUME: unit variance of U and W_o, which the paper does not give
        drawn = {name: generator.standard_normal(shape) for name, shape in sizes_of(self, inputs, outputs).items()}
        drawn["recurrent_weights"] *= self.width**0.5
        return drawn

    def states(self, parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        """Currents (network, time, trial, unit) that inputs (network, time, trial, input) lead to, differentiable."""
        # ASSUME: the state of a step is the one after its input, h_{t+1}, as in the other cells: the output of a step
        # can answer the input of the step
        return Recurrence.apply(Currents.of(self), inputs, *self._drive(parameters))

    def readout(self, parameters: dict[str, Tensor], states: Tensor) -> Tensor:
        """Outputs (network, …, output) of currents (network, …, unit)."""
        rates = ACTIVATIONS[self.activation].value(states).reshape(states.shape[0], -1, self.width)
        outputs = rates @ (parameters["readout_weights"].mT / (self.gamma * self.width))  # (network, state, output)
        return outputs.reshape(*states.shape[:-1], -1)

    def _drive(self, parameters: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """What makes the next drives of rates, inputs and 1."""
        recurrent = parameters["recurrent_weights"] * (self.time_constant / self.width)
        inputs = parameters["input_weights"] * self.time_constant
        return recurrent, inputs, inputs.new_zeros(inputs.shape[:-1])

    def affine(self, parameters: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """What makes the next drives of rates, inputs and 1, and outputs of rates and 1."""
        readout = parameters["readout_weights"] / (self.gamma * self.width)
        return *self._drive(parameters), readout, readout.new_zeros(readout.shape[:-1])

    def step(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """Current (…, unit) one step after `state` (…, unit) under inputs (…, input)."""
        rates = ACTIVATIONS[self.activation].value(state)
        drive = apply_weights(parameters["recurrent_weights"], rates) / self.width
        drive = drive + apply_weights(parameters["input_weights"], inputs)
        return state + self.time_constant * (drive - state)

    def jacobian(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """Jacobian (…, unit, source_unit) of `step` with respect to the state; inputs do not enter it."""
        activation = ACTIVATIONS[self.activation]
        slope = activation.slope(activation.value(state)) * (self.time_constant / self.width)
        keep = (1 - self.time_constant) * torch.eye(self.width, dtype=state.dtype, device=state.device)
        return keep + parameters["recurrent_weights"] * slope[..., None, :]  # (…, unit, source_unit)
