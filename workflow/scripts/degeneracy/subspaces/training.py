"""Training of networks whose parameters stay in a random subspace: θ = θ_0 + P z, of which z is trained.

After Li et al. 2018. θ_0 is the network before training, and the columns of P are random directions of length 1. All
else is as in the training of the whole network, of which this uses the parts: trials, minibatches, loss, optimiser,
schedules and stopping. With as many directions as parameters P is the identity, and training is that of the network.

A step of Adam moves each entry of z by about the learning rate, and so each parameter by about √(dimension/parameters)
times as much. The learning rate of z is therefore larger by the inverse, so that parameters move as fast as in the
training of the whole network [ours]. There is no noise, and a cell that constrains its parameters (Dale's law) does not
do so here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from degeneracy.networks.epoch import after_epoch, evaluated_loss, minibatches
from degeneracy.networks.group import Group, make_group, named
from degeneracy.networks.losses import masked_loss, step_loss
from degeneracy.networks.optimiser import add_penalties, descend
from degeneracy.networks.outcome import Progress
from degeneracy.networks.seeds import seeds_of
from degeneracy.networks.training import initial_parameters
from degeneracy.plugins.discovery import make_cell
from degeneracy.subspaces.schema import SUBSPACES
from degeneracy.trials.generate import generate

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Subspace:
    """The parameters (1, parameter) of a network as a function of coordinates (1, coordinate)."""

    origin: Tensor  # (1, parameter)
    directions: Tensor | None  # (parameter, coordinate); None: all parameters are free
    shapes: dict[str, tuple[int, ...]]

    def parameters(self, coordinates: Tensor) -> Tensor:
        return self.origin + (coordinates if self.directions is None else coordinates @ self.directions.mT)

    def pulled(self, gradient: Tensor) -> Tensor:
        """The gradient with respect to the coordinates."""
        return gradient if self.directions is None else gradient @ self.directions


def train(condition: dict, seeds: Sequence[int], dimension: int, epochs: int, report=print) -> xr.Dataset:
    """Train a network of each seed in a random subspace of its own, for at most so many epochs.

    Returns their losses and outcomes. The result depends on the condition, the seed and the dimension alone.
    """
    options, cell = condition["training"] | {"epochs": epochs, "snapshots": []}, make_cell(condition)
    networks, sizes, first = [], [], generate(condition, ["train"])["train"]
    for seed in seeds:
        number = seeds_of(seed, options).training_set
        trials = generate(condition, ["train"], number)["train"] if number else first
        data = [torch.as_tensor(trials[name].values) for name in ("inputs", "targets", "mask")]
        group, subspace = _started(condition, seed, dimension, cell, options)
        network = _trained(group, subspace, cell, data, options)
        report(f"seed {seed}  epochs {len(network.losses)}  loss {network.losses[-1]:.3g}")
        networks.append(network)
        sizes.append(subspace.origin.shape[1])
    longest = max(len(network.losses) for network in networks)
    losses = [[*network.losses, *[math.nan] * (longest - len(network.losses))] for network in networks]
    values = {
        "loss": np.array(losses),
        "final_loss": np.array([network.stored.loss if network.stored else math.nan for network in networks]),
        "epochs": np.array([len(network.losses) for network in networks], np.int32),
        "status": np.array([network.status(options["threshold"]) for network in networks], np.int8),
        "dimension": np.int32(min(dimension, sizes[0])),
        "parameters": np.int32(sizes[0]),
        "constant_loss": constant_loss(first, options["loss"]),
    }
    return SUBSPACES.build(values, {"network": np.array(seeds, np.int32)})


def _started(condition: dict, seed: int, dimension: int, cell, options: dict) -> tuple[Group, Subspace]:
    """A group whose parameters are the coordinates of one network, all 0, and what they mean."""
    whole = make_group({seed: initial_parameters(condition, seed)}, cell, options, CPU)
    count = whole.parameters.shape[1]
    directions, epsilon = None, whole.epsilon
    if dimension < count:
        generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2, dimension)))
        directions = torch.as_tensor(generator.standard_normal((count, dimension), np.float32))
        if whole.mask is not None:  # weights that a sparse network lacks stay 0
            directions *= whole.mask.mT
        directions /= directions.norm(dim=0)
        epsilon = (directions.square() * whole.epsilon[:, None].square()).sum(0).sqrt()
    start = torch.zeros(1, min(dimension, count))
    group = replace(
        whole,
        shapes={"coordinates": (start.shape[1],)},
        parameters=start,
        rates=whole.rates * math.sqrt(count / start.shape[1]),
        epsilon=epsilon,
        moments=(torch.zeros_like(start), torch.zeros_like(start)),
    )
    return group, Subspace(whole.parameters, directions, whole.shapes)


def _trained(group: Group, subspace: Subspace, cell, data: list[Tensor], options: dict) -> Progress:
    """Train the coordinates of one network until it is below the threshold, or for all epochs."""

    def evaluate(coordinates: dict[str, Tensor]) -> Tensor:
        flat = subspace.parameters(coordinates["coordinates"])
        return evaluated_loss(named(flat, subspace.shapes), cell, data, options)

    network = group.networks[0]
    while network.going:
        losses = []
        for chosen in minibatches(group, len(data[0]), options)[0]:
            batch = [part[torch.as_tensor(chosen)].transpose(0, 1)[None] for part in data]
            loss, gradient = _differentiated(subspace.parameters(group.parameters), subspace, cell, batch, options)
            if group.mask is not None:
                gradient *= group.mask
            descend(group, subspace.pulled(gradient).contiguous(), options)
            losses.append(loss)
        group.epoch += 1
        group = after_epoch(group, np.array([np.mean(losses)]), evaluate, options)
    return network


def _differentiated(flat: Tensor, subspace: Subspace, cell, batch: list[Tensor], options: dict):
    """Loss of a network on a minibatch, and the gradient (1, parameter) of the loss with its penalties."""
    flat = flat.detach().requires_grad_()
    loss = masked_loss(cell, named(flat, subspace.shapes), *batch, options)
    (gradient,) = torch.autograd.grad(loss.sum(), flat)
    if options["nuclear_norm"] or options["l1"]:
        shapes = subspace.shapes
        add_penalties(cell, named(flat.detach(), shapes), named(gradient, shapes), options)
    return loss.item(), gradient


def constant_loss(trials: xr.Dataset, kind: str) -> float:
    """Masked loss of the best constant answer: the mean target, or the logarithm of the mean of categories."""
    targets, mask = (torch.as_tensor(trials[name].values, dtype=torch.float64) for name in ("targets", "mask"))
    mean = (targets * mask[..., None]).sum((0, 1)) / mask.sum()
    answer = mean.clamp_min(1e-300).log() if kind == "cross_entropy" else mean
    losses = step_loss(kind, answer.expand_as(targets), targets)
    return float((losses * mask).sum() / mask.sum())
