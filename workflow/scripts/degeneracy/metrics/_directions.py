"""Rates, gradients and the Jacobian of one network on some trials, and how many directions they span."""

import numpy as np
import torch
from torch import Tensor

from degeneracy.cells import Cell
from degeneracy.devices import to_numpy
from degeneracy.metrics._loss import Loss, product
from degeneracy.metrics._slopes import shows_currents

SATURATED = {  # the ends of the range of an activation
    "tanh": (-1, 1),
    "sigmoid": (0, 1),
    "softplus": (0, np.inf),
    "elu": (-1, np.inf),
    "linear": (-np.inf, np.inf),
}
AT_ONCE = 32  # random sums of outputs


def random_sums(loss: Loss, outputs: Tensor, count: int):
    """Yields weights (row, time, trial, output) of `count` random sums of all outputs that count in the loss."""
    generator = torch.Generator().manual_seed(0)
    for begin in range(0, count, AT_ONCE):
        size = min(AT_ONCE, count - begin)
        drawn = torch.randn(size, *outputs.shape, dtype=outputs.dtype, generator=generator).to(outputs.device)
        yield drawn * (loss.trials.mask[..., None] / count**0.5)


def rates_of(cell: Cell, states: list[Tensor]) -> Tensor:
    """Rates (time, trial, unit) that the recurrent weights act on: the state, or φ of it in a cell of currents."""
    shown, activation = torch.stack(states)[..., : cell.width], getattr(cell, "activation", "linear")
    currents = getattr(cell, "keep", None) is not None and shows_currents(cell)
    return getattr(torch.nn.functional, activation)(shown) if currents and activation != "linear" else shown


def span(vectors: Tensor) -> np.ndarray:
    """Singular values, the largest first, of vectors (…, entry)."""
    rows = vectors.flatten(0, -2)
    gram = rows @ rows.T if len(rows) < rows.shape[1] else rows.T @ rows
    return np.sqrt(to_numpy(torch.linalg.eigvalsh(gram)).clip(0))[::-1]


def rank(values: np.ndarray, tolerance: float) -> int:
    """Number of singular values above a share of the largest."""
    return int(np.sum(values > tolerance * values.max()))


def jacobian(loss: Loss, vector: Tensor, rows: int) -> Tensor:
    """Gradients (row, parameter) of random sums of all outputs."""
    vector = vector.detach().requires_grad_()
    outputs = loss.run(loss.parameters(vector))[1]
    return torch.cat([product(outputs, vector, weights) for weights in random_sums(loss, outputs, rows)])


def gradients_of_arrivals(loss: Loss, parameters: dict[str, Tensor], count: int) -> Tensor:
    """Gradients (row, time, trial, unit) of random sums of outputs by the bias of each step, or else by the state."""
    if "bias" not in parameters:
        return gradients_of_states(loss, parameters, count)[0]
    added = loss.trials.inputs.new_zeros(*loss.trials.mask.shape, loss.cell.width, requires_grad=True)
    outputs = loss.run(parameters, added)[1]
    return torch.cat([product(outputs, added, weights) for weights in random_sums(loss, outputs, count)])


def gradients_of_states(loss: Loss, parameters: dict[str, Tensor], count: int) -> tuple[Tensor, Tensor]:
    """Gradients (row, time, trial, unit) of random sums of outputs by the states, and the states themselves."""
    tracked = {name: value.detach().requires_grad_() for name, value in parameters.items()}
    states, outputs = loss.run(tracked)
    found = [
        torch.autograd.grad(outputs, states, weights, retain_graph=True, is_grads_batched=True)
        for weights in random_sums(loss, outputs, count)
    ]
    rows = torch.cat([torch.stack(each, dim=1) for each in found])
    return rows, torch.stack(states).detach()


def synchronised(cell: Cell, rates: np.ndarray, saturation: float) -> int:
    """Units of rates (sample, unit) whose saturation says nothing that another unit, or a constant, does not say."""
    # ASSUME: gated cells saturate as tanh does; other cells without an activation do not saturate
    activation = getattr(cell, "activation", "tanh" if cell.bounded else "linear")
    if activation == "relu":
        pattern = np.where(rates > 0, 1, -1)
    else:
        low, high = SATURATED[activation]
        pattern = (rates > high - saturation).astype(int) - (rates < low + saturation)
    kept = pattern[:, pattern.any(0)]  # of the units that are ever saturated
    constant = (kept == kept[:1]).all(0)
    signs = np.take_along_axis(kept, (kept != 0).argmax(0)[None], 0)
    varied = (kept * signs)[:, ~constant]
    return kept.shape[1] - (np.unique(varied, axis=1).shape[1] if varied.size else 0)
