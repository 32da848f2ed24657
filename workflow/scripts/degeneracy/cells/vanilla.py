"""Vanilla recurrence h_t = act(W_h h_{t−1} + W_x x_t + b), y_t = W_o h_t + b_o, with h_0 = 0."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from degeneracy.cells._rates import Rates
from degeneracy.cells._recurrence import uniform_parameters
from degeneracy.plugins.options import Range

LINEAR_READOUT = True  # so that teacher forcing can act on the state


@dataclass(frozen=True)
class Cell(Rates):
    """Vanilla RNN; every parameter may carry leading dimensions (`network`), which broadcast."""

    width: Annotated[int, Range(1, 4096, "units")] = 128
    activation: Literal["tanh", "relu", "sigmoid", "softplus", "elu", "linear"] = "tanh"
    initialisation: Literal["uniform", "orthogonal"] = "uniform"

    def initialise(self, generator: np.random.Generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        """Parameters of one network before training, all drawn from U(−1/√n, 1/√n).

        With `orthogonal`, W_h is a random orthogonal matrix (uniform over the group).
        """
        parameters = uniform_parameters(self, generator, inputs, outputs)
        if self.initialisation == "orthogonal":
            factor, triangle = np.linalg.qr(generator.normal(size=(self.width, self.width)))
            parameters["recurrent_weights"] = factor * np.sign(np.diag(triangle))  # uniform only with these signs
        return parameters
