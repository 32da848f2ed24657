"""Low-rank recurrence h_t = act(W h_{t−1} + W_x x_t + b) with W = U Vᵀ / n, y_t = W_o h_t + b_o, with h_0 = 0.

U and V (unit, rank) are the parameters that are trained; W is of rank `rank` at most, always. The loadings of all units
are drawn from N(0, 1), so that each term of W has a singular value of about 1 at any width (Mastrogiuseppe & Ostojic
2018; Dubreuil et al. 2022). An invertible matrix G between them, U G and V G⁻ᵀ, changes nothing, so metrics of weights
compare W.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from degeneracy.cells._rates import Rates
from degeneracy.cells._recurrence import sizes_of, uniform_parameters
from degeneracy.plugins.options import Range

REQUIRES = ("rank <= width",)
LINEAR_READOUT = True
PARAMETERS = {
    "left_factors": ("unit", "rank"),  # U
    "right_factors": ("source_unit", "rank"),  # V
    "input_weights": ("unit", "input"),
    "bias": ("unit",),
    "readout_weights": ("output", "unit"),
    "readout_bias": ("output",),
}


@dataclass(frozen=True)
class Cell(Rates):
    """Low-rank RNN; every parameter may carry leading dimensions (`network`), which broadcast."""

    width: Annotated[int, Range(1, 4096, "units")] = 128
    activation: Literal["tanh", "relu", "sigmoid", "softplus", "elu", "linear"] = "tanh"
    rank: Annotated[int, Range(1, 4096)] = 3  # of W, at most the width

    def parameter_dims(self) -> dict[str, tuple[str, ...]]:
        return dict(PARAMETERS)

    def initialise(self, generator: np.random.Generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        """Parameters of one network before training: U and V from N(0, 1), the others from U(−1/√n, 1/√n)."""
        drawn = uniform_parameters(self, generator, inputs, outputs)
        sizes = sizes_of(self, inputs, outputs)
        return drawn | {name: generator.standard_normal(sizes[name]) for name in ("left_factors", "right_factors")}

    def recurrent(self, parameters):
        """The matrix W = U Vᵀ / n (…, unit, source_unit)."""
        return parameters["left_factors"] @ parameters["right_factors"].mT / self.width
