"""Groups of networks that are trained together: their parameters, Adam's state and the progress of each."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from degeneracy.networks import connectivity
from degeneracy.networks.outcome import Progress
from degeneracy.networks.seeds import seeds_of

ADAM = {"betas": (0.9, 0.999), "epsilon": 1e-8}


@dataclass(eq=False)
class Group:
    """Networks that advance together: flat parameters (network, parameter), Adam's moments, and their progress."""

    networks: list[Progress]
    shapes: dict[str, tuple[int, ...]]
    parameters: Tensor
    rates: Tensor  # learning rate (network, 1)
    epsilon: Tensor  # of Adam (parameter)
    moments: tuple[Tensor, Tensor]
    steps: Tensor  # number of steps that Adam has taken
    mask: Tensor | None  # 1 where a parameter exists, 0 elsewhere (network, parameter); None if all exist
    epoch: int = 0  # epochs trained
    buffers: "Buffers | None" = field(default=None, repr=False)

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """Views (network, …) of a flat tensor (network, parameter), by parameter name."""
        return named(flat, self.shapes)

    def state(self) -> list[Tensor]:
        """The tensors that a step changes."""
        return [self.parameters, *self.moments, self.steps]

    def part(self, chosen: np.ndarray) -> "Group":
        """The group of the chosen networks, `chosen` (network)."""
        index = torch.as_tensor(np.flatnonzero(chosen), device=self.parameters.device)
        return replace(
            self,
            networks=[network for network, kept in zip(self.networks, chosen, strict=True) if kept],
            parameters=self.parameters[index],
            rates=self.rates[index],
            moments=tuple(moment[index] for moment in self.moments),
            steps=self.steps.clone(),
            mask=None if self.mask is None else self.mask[index],
            buffers=None,
        )


@dataclass
class Buffers:
    """What a group's step reads and writes besides its state, always at the same address, and the step itself."""

    order: Tensor  # trials of each minibatch (step, network, trial)
    at: Tensor  # steps of the epoch that are done (1)
    total: Tensor  # sum of the losses of these steps (network)
    data: list[Tensor]  # inputs, targets and mask of all trials (trial, time, …)
    batch: list[Tensor]  # the same of the trials of this step (network, time, trial, …)
    noise: Tensor | None = None  # of this step (network, time, trial, unit), for cells that have noise in training
    step: Callable[[], None] = lambda: None


def group_sizes(networks: int, device: torch.device) -> list[int]:
    """Networks in each group. On the CPU each network is a group, so that its result cannot depend on others."""
    return [1] * networks if device.type == "cpu" else [networks]


def named(flat: Tensor, shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Views (…, *shape) of a flat tensor (…, parameter), by parameter name."""
    parts = flat.split([math.prod(shape) for shape in shapes.values()], dim=-1)
    return {
        name: part.view(*flat.shape[:-1], *shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def make_group(initial: dict[int, dict[str, np.ndarray]], cell, options: dict, device: torch.device) -> Group:
    """The group of some seeds before training, from the initial parameters of each."""
    seeds = list(initial)
    data_seeds = [seeds_of(seed, options).data for seed in seeds]
    rate = options["learning_rate"] * getattr(cell, "learning_rate_scale", 1)
    shapes = {name: value.shape for name, value in initial[seeds[0]].items()}
    flat = np.stack([np.concatenate([value.ravel() for value in initial[seed].values()]) for seed in seeds])
    parameters = torch.as_tensor(flat, dtype=torch.float32, device=device)  # (network, parameter)
    return Group(
        networks=[
            Progress(seed, data, _minibatch_generator(data)) for seed, data in zip(seeds, data_seeds, strict=True)
        ],
        shapes=shapes,
        parameters=parameters,
        rates=torch.full((len(seeds), 1), rate, dtype=torch.float32, device=device),
        epsilon=_epsilon(cell, shapes, device),
        moments=(torch.zeros_like(parameters), torch.zeros_like(parameters)),
        steps=torch.zeros((), dtype=torch.float64, device=device),
        mask=_mask(cell, options, initial, device),
    )


def _minibatch_generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))


def _mask(cell, options: dict, initial: dict[int, dict[str, np.ndarray]], device: torch.device) -> Tensor | None:
    """Which parameters of each network exist (network, parameter), or None if all do."""
    if options["connectivity"] == 1:
        return None
    rows = []
    for seed, parameters in initial.items():
        masks = connectivity.masks(cell, options["connectivity"], seeds_of(seed, options).initialisation)
        parts = [masks.get(name, np.ones(value.shape)).ravel() for name, value in parameters.items()]
        rows.append(np.concatenate(parts))
    return torch.as_tensor(np.stack(rows), dtype=torch.float32, device=device)


def _epsilon(cell, shapes: dict[str, tuple[int, ...]], device: torch.device) -> Tensor:
    """Adam's ε (parameter) in the units of the gradients, if the cell says how large they are."""
    scales = cell.gradient_scales() if hasattr(cell, "gradient_scales") else dict.fromkeys(shapes, 1)
    parts = [torch.full((math.prod(shape),), ADAM["epsilon"] * scales[name]) for name, shape in shapes.items()]
    return torch.cat(parts).to(device)
