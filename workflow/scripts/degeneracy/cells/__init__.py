"""Cells, a kind of plug-in: recurrences, one cell a file.

A file has a dataclass `Cell`, whose fields are its options. Every parameter may carry leading dimensions. Square
parameters (unit, source_unit) are what regularisers act on.
"""

from typing import TYPE_CHECKING, Any, Protocol

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


class File(Protocol):
    """Constants of a cell's file, which it may leave out."""

    LINEAR_READOUT: bool | dict[str, Any]
    """Whether outputs are `readout_weights` times the state plus a bias, as teacher forcing needs; or the options with
    which they are.
    """

    PARAMETERS: dict[str, tuple[str, ...]]
    """What `parameter_dims` returns. A cell of several recurrent matrices declares it, so that a metric that needs one
    is left out before anything runs.
    """

    REQUIRES: tuple[str, ...]
    """What must hold between options."""


class LargeCell(Cell, Protocol):
    """What a cell has besides if its state has several entries a unit, as that of an LSTM has. See `state_size`."""

    @property
    def state_size(self) -> int:
        """Entries of the state, a multiple of the width: one block of all units after the other."""


def state_size(cell: Cell) -> int:
    """Entries of the state of a cell, the dimension `unit` of states: the width, unless the cell says otherwise."""
    return getattr(cell, "state_size", cell.width)


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
    def keep(self) -> float | None:
        """Share of its current that a unit keeps in a step; None if, with these options, it is no cell of rates."""

    def affine(self, parameters: "dict[str, Tensor]") -> "tuple[Tensor, ...]":
        """What makes the next drives of rates, inputs and 1, and outputs of rates and 1; see `backends/compiled.py`."""


class NoisyCell(Cell, Protocol):
    """What a cell has besides if its units have noise in training."""

    @property
    def recurrent_noise(self) -> float:
        """0 if there is none; otherwise each step of training draws noise."""

    @property
    def noise_scale(self) -> float:
        """What noise of SD 1 is multiplied by where it is added to the currents of a cell of rates."""

    def states(self, parameters: "dict[str, Tensor]", inputs: "Tensor", noise: "Tensor | None" = None) -> "Tensor":
        """As of any cell, with noise (network, time, trial, unit) of SD 1 if it is given; it gets no gradient."""


class ConstrainedCell(Cell, Protocol):
    """What a cell has besides if not all values of its parameters are allowed, as of one that obeys Dale's law."""

    def constrain(self, parameters: "dict[str, Tensor]") -> None:
        """Put parameters (network, …) back where they are allowed, in place; called after each step of training."""


class FactoredCell(Cell, Protocol):
    """What a cell has besides if no parameter holds its recurrent weights, as of one of low rank."""

    def recurrent(self, parameters):
        """Recurrent weights (…, unit, source_unit), which metrics compare, from tensors or arrays."""


class SolvedCell(Cell, Protocol):
    """What a cell has besides if it can solve for its fixed points."""

    def exact_fixed_points(self, parameters: "dict[str, Tensor]", inputs: "Tensor") -> "Tensor | None":
        """All fixed points (point, unit) of one network under inputs (input); None if they must be searched for."""
