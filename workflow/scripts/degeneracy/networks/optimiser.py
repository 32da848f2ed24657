"""Optimisers for groups of networks, penalties on their recurrent weights, and the schedule of their learning rates."""

import math

import torch
from torch import Tensor

from degeneracy.networks.group import ADAM, Group

IMPROVEMENT = 1e-4  # relative fall of the loss that counts for the learning-rate schedule


def add_penalties(cell, parameters: dict[str, Tensor], gradient: dict[str, Tensor], options: dict) -> None:
    """Add the gradient of λ Σ σ_i(W) (`nuclear_norm`) and of λ Σ|w| (`l1`) over all recurrent matrices W, in place.

    Where a penalty has no derivative we take the subgradient of least norm: 0 for a weight of 0, and U Vᵀ over the
    nonzero singular values.
    """
    for name, dims in cell.parameter_dims().items():
        if dims == ("unit", "source_unit"):
            weights = parameters[name]  # (network, unit, source_unit)
            if options["l1"]:
                gradient[name].add_(weights.sign(), alpha=options["l1"])
            if options["nuclear_norm"]:
                gradient[name].add_(polar_factor(weights), alpha=options["nuclear_norm"])


def polar_factor(weights: Tensor) -> Tensor:
    """U Vᵀ (network, unit, source_unit) of W = U Σ Vᵀ, without the singular values that are rounding errors."""
    finite = torch.nan_to_num(weights, 0.0, 0.0, 0.0)  # a diverged network is trained until the end of its epoch
    if finite.device.type != "cpu":
        return polar_factor_by_products(finite)
    left, values, right = torch.linalg.svd(finite, full_matrices=False)
    rounding = values[:, :1] * weights.shape[-1] * torch.finfo(weights.dtype).eps
    return (left * (values > rounding)[:, None, :]) @ right


def polar_factor_by_products(weights: Tensor) -> Tensor:
    """The same by matrix products alone, which a CUDA graph can hold and which are fast on a GPU.

    Singular values below 1e-6 ‖W‖_F, which are rounding errors in float32, end between 0 and 1; the result is a
    subgradient all the same. Source: Newton–Schulz iteration with the scaling of Chen & Chow 2014, which maps singular
    values in [l, 1] to [½ α l (3 − α² l²), 1] by X ← ½ α X (3 − α² XᵀX), α² = 3 / (1 + l + l²).
    """
    factor, least = weights / weights.norm(dim=(-2, -1), keepdim=True).clamp_min(1e-30), 1e-6
    while least < 1 - 1e-7:
        square = 3 / (1 + least + least**2)
        half = 0.5 * square**0.5
        factor = 3 * half * factor - half * square * (factor @ (factor.mT @ factor))
        least = half * least * (3 - square * least**2)
    return factor


@torch.no_grad()
def descend(group: Group, gradient: Tensor, options: dict) -> None:
    """One step of the optimiser that the options name, on gradients (network, parameter).

    `adamw` shrinks the parameters by the learning rate times `weight_decay` first (Loshchilov & Hutter 2019).
    """
    if options["optimiser"] == "sgd":
        sgd(group, gradient, options["gradient_clip"], options["momentum"])
        return
    if options["optimiser"] == "adamw":
        group.parameters *= 1 - group.rates * options["weight_decay"]
    adam(group, gradient, options["gradient_clip"])


@torch.no_grad()
def sgd(group: Group, gradient: Tensor, clip: float, momentum: float) -> None:
    """One step along the sum v ← momentum · v + gradient of the clipped gradients."""
    group.steps += 1
    velocity = group.moments[0]
    velocity.mul_(momentum).add_(clipped(gradient, clip))
    group.parameters -= group.rates * velocity


def clipped(gradient: Tensor, clip: float) -> Tensor:
    """Each network's gradient, scaled in place to the norm `clip` if it is longer."""
    return gradient.mul_((clip / gradient.norm(dim=1, keepdim=True).clamp_min(1e-30)).clamp_max(1))


@torch.no_grad()
def adam(group: Group, gradient: Tensor, clip: float) -> None:
    """One step of Adam (Kingma & Ba 2015, algorithm 1), after clipping each network's gradient to the norm `clip`."""
    if group.parameters.device.type == "cpu":
        from degeneracy.networks.backends import compiled_step  # here, so that only training waits for the compiler

        tensors = group.parameters, gradient, *group.moments, group.rates, group.epsilon, group.steps
        compiled_step.adam(*(tensor.numpy() for tensor in tensors), clip, *ADAM["betas"])
    else:
        adam_in_torch(group, gradient, clip)


def adam_in_torch(group: Group, gradient: Tensor, clip: float) -> None:
    """The same by operations of torch, which a CUDA graph can hold."""
    beta, beta_square = ADAM["betas"]
    gradient = clipped(gradient, clip)
    group.steps += 1
    mean, square = group.moments
    mean.lerp_(gradient, 1 - beta)
    square.mul_(beta_square).addcmul_(gradient, gradient, value=1 - beta_square)
    bias, bias_square = ((1 - decay**group.steps).float() for decay in (beta, beta_square))
    scale = (square / bias_square).sqrt_().add_(group.epsilon)
    group.parameters -= group.rates * mean / (scale * bias)


def lower_rates(group: Group, losses: list[float], options: dict) -> None:
    """Multiply the learning rate of each network whose loss has not fallen for `plateau_patience` epochs."""
    factors = []  # (network)
    for network, loss in zip(group.networks, losses, strict=True):
        if loss < network.best * (1 - IMPROVEMENT):
            network.best, network.waited = loss, 0
        else:
            network.waited += 1
        stuck = network.waited > options["plateau_patience"]
        network.waited = 0 if stuck else network.waited
        factors.append(options["plateau_factor"] if stuck else 1.0)
    group.rates *= torch.tensor(factors, dtype=torch.float32, device=group.rates.device)[:, None]


def follow_schedule(group: Group, options: dict) -> None:
    """Take the learning rates from their share of the epoch that has ended to that of the next one."""
    if options["schedule"] == "cosine":
        ended, coming = (cosine(epochs / options["epochs"]) for epochs in (group.epoch - 1, group.epoch))
        group.rates *= coming / ended


def cosine(elapsed: float) -> float:
    """Share of the learning rate once this share of the epochs has elapsed (Loshchilov & Hutter 2017, eq. 5)."""
    return (1 + math.cos(math.pi * elapsed)) / 2
