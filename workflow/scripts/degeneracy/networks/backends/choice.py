"""Backends of training, which compute the error of many networks and its gradient. They differ in speed and rounding.

    reference    torch, on any device and in any precision, for every cell
    cpu          compiled code for the cells that it knows (`compiled.py`)
    cuda         one product per time step for all networks; the whole training step is one CUDA graph
    fused        the time loop of all networks in one Triton kernel (`fused.py`) in that graph, in float32
    fused-tf32   the same with products rounded to tf32

The backend is not part of the condition; it is an attribute of the networks artifact.
"""

from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor

from degeneracy.errors import UserError
from degeneracy.networks.backends.obstacles import not_of_rates
from degeneracy.networks.group import Group
from degeneracy.networks.losses import FREE_MSE, masked_loss, plain

BACKENDS = ("auto", "reference", "cpu", "cuda", "fused", "fused-tf32")
GRAPHED = ("cuda", "fused", "fused-tf32")  # their step is replayed as a CUDA graph


def choose(name: str, device: torch.device, cell, inputs: int, outputs: int) -> tuple[str, str]:
    """Backend that trains a cell with these numbers of inputs and outputs, and why it is not a faster one, or "".

    `auto` is the fastest one available. For a cell that the compiled code does not know, `cpu` becomes `reference`, and
    for one that the fused kernel does not know, `fused` becomes `cuda`. Raises UserError for a backend that the device
    does not have.
    """
    if name not in BACKENDS:
        raise UserError(f"backend: given {name}; allowed: {', '.join(BACKENDS)}")
    if device.type == "cpu":
        if name in GRAPHED:
            raise UserError(f"backend: given {name}, which needs a CUDA device; on the CPU: auto, reference, cpu")
        if name == "reference":
            return name, ""
        from degeneracy.networks.backends import compiled  # here, so that only training waits for the compiler

        obstacle = not_of_rates(cell, compiled.ACTIVATIONS, "the compiled code")
        return ("reference", obstacle) if obstacle else ("cpu", "")
    if name == "cpu":
        raise UserError("backend: given cpu, but the device is a CUDA device; allowed: auto, reference, cuda, fused")
    if name in ("reference", "cuda"):
        return name, ""
    if find_spec("triton") is None:
        if name != "auto":
            raise UserError(f"backend: given {name}, but Triton is not installed; allowed: auto, reference, cuda")
        return "cuda", "Triton is not installed"
    from degeneracy.networks.backends import fused  # needs Triton

    name = "fused" if name == "auto" else name
    obstacle = fused.obstacle(cell, inputs, outputs)
    return ("cuda", obstacle) if obstacle else (name, "")


def mean_squared_error(
    cell,
    parameters: dict[str, Tensor],
    inputs: Tensor,
    targets: Tensor,
    mask: Tensor,
    backend: str = "cpu",
    noise: Tensor | None = None,
) -> Tensor:
    """Masked MSE (network) of the outputs for trials (network, time, trial, …); mask (network, time, trial).

    `noise` (network, time, trial, unit) of SD 1 is for cells that have it.
    """
    if not len(inputs):
        return sum(value.flatten(1).sum(1) for value in parameters.values())  # (0,), and differentiable
    if backend == "cpu" and inputs.device.type == "cpu" and inputs.dtype == torch.float32:
        from degeneracy.networks.backends import compiled

        if not not_of_rates(cell, compiled.ACTIVATIONS, ""):
            added = None if noise is None else cell.noise_scale * noise
            weights = cell.affine(parameters)
            return compiled.MaskedError.apply(cell.activation, cell.keep, added, (inputs, targets, mask), *weights)
    if backend in ("fused", "fused-tf32"):
        from degeneracy.networks.backends import fused

        precision = fused.PRECISIONS[backend]
        weights = cell.affine(parameters)
        return fused.MaskedError.apply(cell.activation, cell.keep, precision, inputs, targets, mask, *weights)
    return masked_loss(cell, parameters, inputs, targets, mask, FREE_MSE, noise)


def differentiated(cell, group: Group, options: dict, backend: str) -> Callable:
    """Function (batch, noise) that returns the loss (network) of a group and its gradient (network, parameter).

    The batch is inputs, targets and mask as `mean_squared_error` takes them; the noise is None for cells without it.
    The next call may overwrite the gradient.
    """

    def by_autograd(batch, noise: Tensor | None):
        flat = group.parameters.detach().requires_grad_()
        if plain(options):
            loss = mean_squared_error(cell, group.named(flat), *batch, backend, noise)
        else:
            loss = masked_loss(cell, group.named(flat), *batch, options, noise)
        (gradient,) = torch.autograd.grad(loss.sum(), flat)
        return loss.detach(), gradient

    if backend != "cpu" or getattr(cell, "recurrent_noise", 0):
        return by_autograd
    from degeneracy.networks.backends import compiled

    parameters = group.named(group.parameters)
    if not all(any(part is own for own in parameters.values()) for part in cell.affine(parameters)):
        return by_autograd  # by the chain rule through `affine`
    gradient = torch.empty_like(group.parameters)
    weights, gradients = (compiled.by_network(cell.affine(group.named(flat))) for flat in (group.parameters, gradient))

    def directly(batch, noise: None):
        return compiled.fill_gradients(cell.activation, cell.keep, noise, batch, weights, gradients), gradient

    return directly
