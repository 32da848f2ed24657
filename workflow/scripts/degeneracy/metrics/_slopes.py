"""The slopes of the units of a network, where they lie on some trials, and what that says of the Jacobian of a step."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

SLOPES: dict[str, Callable[[Tensor], Tensor]] = {  # φ′; each one is largest at 0, or rises or falls throughout
    "tanh": lambda drive: drive.cosh().pow(-2),
    "relu": lambda drive: (drive > 0).to(drive.dtype),
    "sigmoid": lambda drive: drive.sigmoid() * (-drive).sigmoid(),
    "softplus": torch.sigmoid,
    "elu": lambda drive: drive.clamp_max(0).exp(),
    "linear": torch.ones_like,
}


class Box(NamedTuple):
    """A set of matrices: ‖Θ J Θ⁻¹‖ ≤ ‖Θ centre Θ⁻¹‖ + ‖Θ radius Θ⁻¹‖ for each of them and each diagonal Θ > 0."""

    centre: Tensor  # (unit, source_unit)
    radius: Tensor


def interval(activation: str, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Smallest and largest slope of an activation between two drives, entry by entry."""
    slope = SLOPES[activation]
    ends = slope(low), slope(high)
    nearest_to_0 = torch.zeros_like(low).clamp(low, high)
    return torch.minimum(*ends), torch.maximum(torch.maximum(*ends), slope(nearest_to_0))


def shows_currents(cell) -> bool:
    """Whether the states of a cell of rates are currents a, and not the rates φ(a) that its outputs are made of."""
    drawn = {
        name: torch.as_tensor(x)[None].double() for name, x in cell.initialise(np.random.default_rng(0), 1, 1).items()
    }
    weights, bias = cell.affine(drawn)[3:]
    state = torch.ones(1, 1, cell.width, dtype=weights.dtype)
    return bool(cell.keep) or not torch.allclose(cell.readout(drawn, state), state @ weights.mT + bias, atol=0)


def box_of(cell, parameters: dict[str, Tensor], states: Tensor, inputs: Tensor) -> Box | None:
    """The Jacobians of a network wherever each unit is within the range that it has on some trials.

    `states` (trial, time, unit) begin with that before the first of the `inputs` (trial, time, input). None unless the
    next state is φ(W h + W_x x + b) or keep h + W φ(h) + W_x x + b (`cells.RateCell`).
    """
    keep = getattr(cell, "keep", None)
    if keep is None or getattr(cell, "activation", None) not in SLOPES:
        return None
    recurrent, input_weights, bias = cell.affine(parameters)[:3]
    currents = shows_currents(cell)
    seen = states[:, :-1] if currents else states[:, :-1] @ recurrent.mT + inputs @ input_weights.mT + bias
    least, most = interval(cell.activation, seen.amin((0, 1)), seen.amax((0, 1)))  # (unit)
    if not currents:  # as s = c m with c in [0, 1], ‖diag(s) W‖ ≤ ‖diag(m) W‖
        return Box(most[:, None] * recurrent, torch.zeros_like(recurrent))
    middle, half = (most + least) / 2, (most - least) / 2
    return Box(keep * torch.eye(len(recurrent), dtype=recurrent.dtype) + recurrent * middle, recurrent * half)
