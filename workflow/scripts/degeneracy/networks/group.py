"""Groups of networks that are trained together: their parameters, Adam's state and their progress."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

ADAM = {"betas": (0.9, 0.999), "epsilon": 1e-8}


@dataclass(eq=False)
class Group:
    """Networks that advance together: flat parameters (network, parameter), Adam's moments and each one's progress."""

    seeds: list[int]
    shapes: dict[str, tuple[int, ...]]
    parameters: Tensor
    rates: Tensor  # learning rate (network, 1)
    epsilon: Tensor | float  # of Adam: one, or one a parameter
    orders: list[np.random.Generator]  # minibatch order
    moments: tuple[Tensor, Tensor]
    steps: Tensor  # Adam has taken
    best: np.ndarray
    waited: np.ndarray
    going: np.ndarray  # whether a network is still to be trained (network)
    epoch: int = 0  # epochs trained
    buffers: "Buffers | None" = field(default=None, repr=False)

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """Views (network, …) of a flat tensor (network, parameter), by parameter name."""
        return _named(flat, self.shapes)

    def state(self) -> list[Tensor]:
        """The tensors that a step changes."""
        return [self.parameters, *self.moments, self.steps]

    def part(self, chosen: np.ndarray) -> "Group":
        """The group of the networks that are chosen (network)."""
        index = torch.as_tensor(np.flatnonzero(chosen), device=self.parameters.device)
        return Group(
            seeds=[seed for seed, kept in zip(self.seeds, chosen, strict=True) if kept],
            shapes=self.shapes,
            parameters=self.parameters[index],
            rates=self.rates[index],
            epsilon=self.epsilon,
            orders=[order for order, kept in zip(self.orders, chosen, strict=True) if kept],
            moments=tuple(moment[index] for moment in self.moments),
            steps=self.steps.clone(),
            best=self.best[chosen],
            waited=self.waited[chosen],
            going=self.going[chosen],
            epoch=self.epoch,
        )


@dataclass
class Buffers:
    """What a group's step reads and writes besides its state, always in one place, and the step."""

    order: Tensor  # trials of each minibatch (step, network, trial)
    at: Tensor  # steps of the epoch that are done (1)
    total: Tensor  # sum of the losses of these steps (network)
    data: list[Tensor]  # inputs, targets and mask of all trials (trial, time, …)
    step: Callable[[], None] = lambda: None


def _sizes(networks: int, device: torch.device) -> list[int]:
    """Networks in each group: on the CPU each is alone, so that no result can depend on its neighbours."""
    return [1] * networks if device.type == "cpu" else [networks]


def _named(flat: Tensor, shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Views (…, *shape) of a flat tensor (…, parameter), by parameter name."""
    parts = flat.split([int(np.prod(shape)) for shape in shapes.values()], dim=-1)
    return {name: part.unflatten(-1, shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def _group(initial: dict[int, dict[str, np.ndarray]], cell, options: dict, device: torch.device) -> Group:
    seeds = list(initial)
    rate = options["learning_rate"] * getattr(cell, "learning_rate_scale", 1)
    shapes = {name: value.shape for name, value in initial[seeds[0]].items()}
    flat = np.stack([np.concatenate([value.ravel() for value in initial[seed].values()]) for seed in seeds])
    parameters = torch.as_tensor(flat, dtype=torch.float32, device=device)  # (network, parameter)
    return Group(
        seeds=seeds,
        shapes=shapes,
        parameters=parameters,
        rates=torch.full((len(seeds), 1), rate, dtype=torch.float32, device=device),
        epsilon=_epsilon(cell, shapes, device),
        orders=[np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,))) for seed in seeds],
        moments=(torch.zeros_like(parameters), torch.zeros_like(parameters)),
        steps=torch.zeros((), dtype=torch.float64, device=device),
        best=np.full(len(seeds), np.inf),
        waited=np.zeros(len(seeds), int),
        going=np.ones(len(seeds), bool),
    )


def _epsilon(cell, shapes: dict[str, tuple[int, ...]], device: torch.device) -> Tensor | float:
    """Adam's ε in the units of the gradients: one number, or (parameter) where the cell says how large they are."""
    if not hasattr(cell, "gradient_scales"):
        return ADAM["epsilon"]
    scales = cell.gradient_scales()
    parts = [torch.full((int(np.prod(shape)),), ADAM["epsilon"] * scales[name]) for name, shape in shapes.items()]
    return torch.cat(parts).to(device)
