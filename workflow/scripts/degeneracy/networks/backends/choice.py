"""Backends of training, which compute the error of many networks and its gradient. They differ in speed and rounding.

    reference    torch, on any device and in any precision, for every cell
    cpu          compiled code for the cells that it knows (`compiled.py`)
    cuda         one product per time step for all networks; the whole training step is one CUDA graph
    fused        the time loop of all networks in one Triton kernel (`fused.py`) in that graph, in float32
    fused-tf32   the same with products rounded to tf32

The backend is not part of the condition; it is an attribute of the networks artifact.
"""

from importlib.util import find_spec

import torch
from torch import Tensor

from degeneracy.errors import UserError
from degeneracy.networks.backends.obstacles import not_of_rates
from degeneracy.networks.losses import FREE_MSE, masked_loss

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


def error_and_gradient(cell, named, flat: Tensor, batch, backend: str, noise: Tensor | None = None):
    """Masked MSE (network) of networks with flat parameters (network, parameter), and its gradient, of that shape.

    `named` gives the parameters by name from flat ones, the batch is what `mean_squared_error` takes.
    """
    if backend == "cpu" and noise is None:
        from degeneracy.networks.backends import compiled

        parameters = named(flat.detach())
        weights = cell.affine(parameters)
        if all(any(part is own for own in parameters.values()) for part in weights):  # no chain rule: without autograd
            gradient = torch.zeros_like(flat)
            parts = cell.affine(named(gradient))
            return compiled.fill_gradients(cell.activation, cell.keep, None, batch, weights, parts), gradient
    flat = flat.detach().requires_grad_()
    loss = mean_squared_error(cell, named(flat), *batch, backend, noise)
    (gradient,) = torch.autograd.grad(loss.sum(), flat)
    return loss.detach(), gradient
