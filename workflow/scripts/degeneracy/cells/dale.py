"""Dale's law: h_t = act(W h_{t−1} + W_x x_t + b), y_t = W_o h_t + b_o, with h_0 = 0, where a unit either excites all
units or inhibits all.

The first units, `excitatory` of them, have outgoing weights of at least 0, the others of at most 0. After each step of
training, weights of the wrong sign are set to 0 (a projection onto the nearest allowed weights), so stored weights obey
the law exactly. Rates are not negative, or an excitatory unit could inhibit. Input and readout weights have any sign.

A mean weight that is not 0 gives a random matrix one eigenvalue far outside the disk of the others (Rajan & Abbott
2006). Before training, excitation and inhibition therefore balance: the incoming weights of each unit add up to 0. Then
no eigenvalue stands out, and the others fill a disk of radius 1/√3, as those of the vanilla cell do.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from torch import Tensor

from degeneracy.cells._rates import Rates
from degeneracy.cells._recurrence import uniform_parameters
from degeneracy.plugins.options import Range

LINEAR_READOUT = True


@dataclass(frozen=True)
class Cell(Rates):
    """RNN of excitatory and inhibitory units; every parameter may carry leading dimensions, which broadcast."""

    width: Annotated[int, Range(2, 4096, "units")] = 128
    activation: Literal["relu", "sigmoid", "softplus"] = "relu"
    excitatory: Annotated[float, Range(0.01, 0.99)] = 0.8  # share of the units, rounded, at least one of each kind

    @property
    def excitatory_units(self) -> int:
        """Number of excitatory units."""
        return min(max(round(self.excitatory * self.width), 1), self.width - 1)

    def initialise(self, generator: np.random.Generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        """Parameters of one network before training: balanced recurrent weights, the others from U(−1/√n, 1/√n)."""
        drawn = uniform_parameters(self, generator, inputs, outputs)
        kinds = self.excitatory_units, self.width - self.excitatory_units
        sizes = np.abs(drawn["recurrent_weights"])  # uniform on [0, 1/√n]
        exciting, inhibiting = np.split(sizes, kinds[:1], axis=1)
        inhibiting *= exciting.sum(1, keepdims=True) / inhibiting.sum(1, keepdims=True)
        # ASSUME: the disk of eigenvalues is as large as that of the vanilla cell before training; its squared radius is
        # the sum of the variances of a row, (1/12n) (E + I (E/I)²) = E/12I, and that of the vanilla cell 1/3
        scale = 2 * np.sqrt(kinds[1] / kinds[0])
        return drawn | {"recurrent_weights": scale * np.concatenate([exciting, -inhibiting], axis=1)}

    def constrain(self, parameters: dict[str, Tensor]) -> None:
        """Set weights of the wrong sign to 0, in place."""
        weights = parameters["recurrent_weights"]
        weights[..., : self.excitatory_units].clamp_(min=0)
        weights[..., self.excitatory_units :].clamp_(max=0)
