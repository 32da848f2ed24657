"""Cells, a kind of plug-in: recurrences, one cell a file.

A file has a dataclass `Cell`, whose fields are its options. Every parameter may carry leading dimensions. Square
parameters (unit, source_unit) are what regularisers act on.
"""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


class Cell(Protocol):
    """The class of a cell's file."""

    @property
    def width(self) -> int:
        """Number of units."""

    @property
    def bounded(self) -> bool:
        """Whether `step` maps some ball of states into itself, as the sum rule for fixed points needs."""

    def parameter_dims(self) -> dict[str, tuple[str, ...]]:
        """Dimensions of each parameter, of unit, source_unit, input and output."""

    def initialise(self, generator: "np.random.Generator", inputs: int, outputs: int) -> "dict[str, np.ndarray]":
        """Parameters of one network before training."""

    def states(self, parameters: "dict[str, Tensor]", inputs: "Tensor") -> "Tensor":
        """States (network, time, trial, unit) for inputs (network, time, trial, input), differentiable."""

    def readout(self, parameters: "dict[str, Tensor]", states: "Tensor") -> "Tensor":
        """Outputs (network, …, output) of states (network, …, unit), differentiable."""

    def step(self, parameters: "dict[str, Tensor]", state: "Tensor", inputs: "Tensor") -> "Tensor":
        """The state (…, unit) one step after `state` under inputs (…, input), differentiable."""

    def jacobian(self, parameters: "dict[str, Tensor]", state: "Tensor", inputs: "Tensor") -> "Tensor":
        """Jacobian (…, unit, source_unit) of `step` with respect to the state."""


class ScaledCell(Cell, Protocol):
    """What a cell has besides if its parametrisation asks for it."""

    @property
    def learning_rate_scale(self) -> float:
        """What the learning rate is multiplied by (1 for other cells)."""

    def gradient_scales(self) -> dict[str, float]:
        """Typical size of an entry of each parameter's gradient, the unit of Adam's ε (1 for other cells)."""


class RateCell(Cell, Protocol):
    """What a cell of rates r = φ(a) may have besides. It is trained by compiled code if `networks/backends` knows φ."""

    @property
    def activation(self) -> str:
        """Name of φ."""

    @property
    def keep(self) -> float:
        """Share of its current that a unit keeps in a step."""

    def affine(self, parameters: "dict[str, Tensor]") -> "tuple[Tensor, ...]":
        """What makes the next drives of rates, inputs and 1, and outputs of rates and 1; see `backends/compiled.py`."""
