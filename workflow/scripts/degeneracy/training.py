"""Training populations of networks: Adam through time, each network with its own minibatches and its own stop."""

import time
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from degeneracy.condition import make_cell, make_task
from degeneracy.status import STATUS

ADAM = {"betas": (0.9, 0.999), "epsilon": 1e-8}
IMPROVEMENT = 1e-4  # relative fall of the loss that counts for the learning-rate schedule


def initial_parameters(condition: dict, seed: int) -> dict[str, np.ndarray]:
    """Parameters of one network before training; they depend on the condition and the seed alone."""
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    task = make_task(condition)
    return make_cell(condition).initialise(generator, len(task.inputs), len(task.outputs))


def choose_device(device: str) -> torch.device:
    """`auto` is CUDA when there. Raises ValueError if CUDA is asked for and not there."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device: given cuda, but torch sees no CUDA device here; allowed: auto, cpu")
    return torch.device(device)


@dataclass
class Group:
    """Networks that advance together: flat parameters (network, parameter), Adam's moments and each one's progress."""

    seeds: list[int]
    shapes: dict[str, tuple[int, ...]]
    parameters: Tensor
    rates: Tensor  # learning rate (network)
    epsilon: Tensor | float  # of Adam: one, or one a parameter
    orders: list[np.random.Generator]  # minibatch order
    moments: tuple[Tensor, Tensor]
    steps: int = 0
    best: np.ndarray = field(default_factory=lambda: np.array([]))
    waited: np.ndarray = field(default_factory=lambda: np.array([]))

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """Views (network, …) of a flat tensor (network, parameter), by parameter name."""
        sizes = [int(np.prod(shape)) for shape in self.shapes.values()]
        parts = flat.split(sizes, dim=1)
        return {name: part.unflatten(1, shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}

    def keep(self, chosen: np.ndarray) -> None:
        """Drop the networks that are not chosen (network)."""
        index = torch.as_tensor(np.flatnonzero(chosen), device=self.parameters.device)
        self.seeds = [seed for seed, kept in zip(self.seeds, chosen, strict=True) if kept]
        self.orders = [order for order, kept in zip(self.orders, chosen, strict=True) if kept]
        self.parameters, self.rates = self.parameters[index], self.rates[index]
        self.moments = tuple(moment[index] for moment in self.moments)
        self.best, self.waited = self.best[chosen], self.waited[chosen]


def train(condition: dict, seeds, trials: xr.Dataset, device: torch.device, report=print) -> xr.Dataset:
    """Train one network a seed and return the networks as they were before and after.

    A network learns from minibatches of shuffled training trials by Adam on the masked MSE, its gradient shortened
    to `gradient_clip`; regularisers add to the gradient, not to the loss that is reported and watched. It stops
    `patience` epochs after the first epoch whose mean MSE is below `threshold`, or after `epochs`. Its result depends
    on the condition and its seed alone; on the CPU it is bit-identical in any block. A network whose loss is not
    finite stops with the status `diverged`, and the others go on.

    Parameters
    ----------
    condition : resolved condition.
    seeds : integers, one a network.
    trials : training trials, inputs (trial, time, input), targets (trial, time, output), mask (trial, time).
    device : where to train. On the CPU each network is a group of its own, on CUDA all of them are one.
    report : called with one line of progress an epoch.

    Returns
    -------
    Dataset with each parameter of the cell after training and before (`initial_…`), the loss (network, epoch), the
    number of epochs trained, the epoch that reached the threshold (0: none) and the status.
    """
    options, cell, seeds = condition["training"], make_cell(condition), list(seeds)
    data = [
        torch.as_tensor(trials[name].values, device=device) for name in ("inputs", "targets", "mask")
    ]  # (trial, time, …)
    initial = {seed: initial_parameters(condition, seed) for seed in seeds}
    sizes = [1] * len(seeds) if device.type == "cpu" else [len(seeds)]
    bounds = np.cumsum([0, *sizes])
    groups = [_group({seed: initial[seed] for seed in seeds[a:b]}, cell, options, device) for a, b in pairwise(bounds)]
    losses = {seed: [] for seed in seeds}
    final: dict[int, dict[str, np.ndarray]] = {}
    start = time.perf_counter()
    for epoch in range(1, options["epochs"] + 1):
        for group in groups:
            epoch_losses = _epoch(group, cell, data, options)
            for seed, loss in zip(group.seeds, epoch_losses, strict=True):
                losses[seed].append(loss)
            _lower_rates(group, epoch_losses, options)
            going = np.array([not _finished(losses[seed], options) for seed in group.seeds])
            last = epoch == options["epochs"]
            for index, seed in enumerate(group.seeds):
                if last or not going[index]:
                    named = group.named(group.parameters[index : index + 1])
                    final[seed] = {name: value[0].cpu().numpy() for name, value in named.items()}
            if not going.all():
                group.keep(going)
        groups = [group for group in groups if group.seeds]
        report(_progress(epoch, losses, options, time.perf_counter() - start))
        if not groups:
            break
    return _dataset(condition, cell, seeds, initial, final, losses)


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
        best=np.full(len(seeds), np.inf),
        waited=np.zeros(len(seeds), int),
    )


def _epsilon(cell, shapes: dict[str, tuple[int, ...]], device: torch.device) -> Tensor | float:
    """Adam's ε in the units of the gradients: one number, or (parameter) where the cell says how large they are."""
    if not hasattr(cell, "gradient_scales"):
        return ADAM["epsilon"]
    scales = cell.gradient_scales()
    parts = [torch.full((int(np.prod(shape)),), ADAM["epsilon"] * scales[name]) for name, shape in shapes.items()]
    return torch.cat(parts).to(device)


def _epoch(group: Group, cell, data: list[Tensor], options: dict) -> np.ndarray:
    """Train a group for one epoch; returns each network's mean loss over the epoch's minibatches (network)."""
    total = torch.zeros(len(group.seeds), dtype=torch.float64, device=data[0].device)
    order = torch.as_tensor(_order(group, len(data[0]), options), device=data[0].device)
    for chosen in order.unbind(1):  # (network, trial)
        batch = [part[chosen].transpose(1, 2).contiguous() for part in data]  # (network, time, trial, …)
        flat = group.parameters.requires_grad_()
        loss = mean_squared_error(cell, group.named(flat), *batch)  # (network)
        (gradient,) = torch.autograd.grad(loss.sum(), flat)
        total += loss.detach()
        _add_penalties(cell, group.named(flat.detach()), group.named(gradient), options)
        _adam(group, gradient, options["gradient_clip"])
    return (total / options["steps_per_epoch"]).cpu().numpy()


def _order(group: Group, trials: int, options: dict) -> np.ndarray:
    """Trials of each minibatch (network, step, trial): passes over all training trials, each in a new order."""
    steps, batch = options["steps_per_epoch"], options["batch_size"]
    passes = -(-steps * batch // trials)
    drawn = [np.concatenate([order.permutation(trials) for _ in range(passes)]) for order in group.orders]
    return np.stack(drawn)[:, : steps * batch].reshape(len(drawn), steps, batch)


def mean_squared_error(cell, parameters: dict[str, Tensor], inputs: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Masked MSE (network) of the outputs for trials (network, time, trial, …); mask (network, time, trial)."""
    if hasattr(cell, "affine") and inputs.device.type == "cpu" and inputs.dtype == torch.float32:
        from degeneracy.cells import _kernel  # only training waits for the compiler

        if cell.activation in _kernel.ACTIVATIONS:
            weights = cell.affine(parameters)
            return _kernel.MaskedError.apply(cell.activation, cell.keep, inputs, targets, mask, *weights)
    outputs = cell.readout(parameters, cell.states(parameters, inputs))
    squared = (outputs - targets).square().mean(-1)  # (network, time, trial)
    return (squared * mask).sum((1, 2)) / mask.sum((1, 2))


def _add_penalties(cell, parameters: dict[str, Tensor], gradient: dict[str, Tensor], options: dict) -> None:
    """Add the gradient of λ Σ σ_i(W) (`nuclear_norm`) and of λ Σ|w| (`l1`) over all recurrent matrices W, in place.

    Where they have no derivative the subgradient of least norm is taken: 0 for a weight of 0, and U Vᵀ over the
    singular values that are not 0.
    """
    if not (options["nuclear_norm"] or options["l1"]):
        return
    for name, dims in cell.parameter_dims().items():
        if dims == ("unit", "source_unit"):
            weights = parameters[name]  # (network, unit, source_unit)
            if options["l1"]:
                gradient[name].add_(weights.sign(), alpha=options["l1"])
            if options["nuclear_norm"]:
                gradient[name].add_(_polar_factor(weights), alpha=options["nuclear_norm"])


def _polar_factor(weights: Tensor) -> Tensor:
    """U Vᵀ (network, unit, source_unit) of W = U Σ Vᵀ, without the singular values that are rounding."""
    finite = torch.nan_to_num(weights, 0.0, 0.0, 0.0)  # a network that has diverged stops at the end of its epoch
    left, values, right = torch.linalg.svd(finite, full_matrices=False)
    rounding = values[:, :1] * weights.shape[-1] * torch.finfo(weights.dtype).eps
    return (left * (values > rounding)[:, None, :]) @ right


@torch.no_grad()
def _adam(group: Group, gradient: Tensor, clip: float) -> None:
    """One step of Adam (Kingma & Ba 2015, algorithm 1), each network's gradient shortened to the norm `clip` first."""
    beta, beta_square = ADAM["betas"]
    gradient *= (clip / gradient.norm(dim=1, keepdim=True).clamp_min(1e-30)).clamp_max(1)
    group.steps += 1
    mean, square = group.moments
    mean.lerp_(gradient, 1 - beta)
    square.mul_(beta_square).addcmul_(gradient, gradient, value=1 - beta_square)
    scale = (square / (1 - beta_square**group.steps)).sqrt_().add_(group.epsilon)
    group.parameters = group.parameters.detach() - group.rates * mean / (scale * (1 - beta**group.steps))


def _lower_rates(group: Group, losses: np.ndarray, options: dict) -> None:
    """Multiply the learning rate of each network whose loss has not fallen for `plateau_patience` epochs."""
    better = losses < group.best * (1 - IMPROVEMENT)
    group.best = np.where(better, losses, group.best)
    group.waited = np.where(better, 0, group.waited + 1)
    stuck = group.waited > options["plateau_patience"]
    group.waited[stuck] = 0
    factor = np.where(stuck, options["plateau_factor"], 1.0)[:, None]
    group.rates *= torch.as_tensor(factor, dtype=torch.float32, device=group.rates.device)


def _epoch_reached(losses: list[float], threshold: float) -> int:
    """Number (from 1) of the first epoch below the threshold; 0 if there is none."""
    return next((epoch for epoch, loss in enumerate(losses, 1) if loss < threshold), 0)


def _finished(losses: list[float], options: dict) -> bool:
    reached = _epoch_reached(losses, options["threshold"])
    return not np.isfinite(losses[-1]) or (reached > 0 and len(losses) >= reached + options["patience"])


def _status(losses: list[float], threshold: float) -> str:
    if not np.isfinite(losses[-1]):
        return "diverged"
    return "converged" if _epoch_reached(losses, threshold) else "not_converged"


def _progress(epoch: int, losses: dict[int, list[float]], options: dict, seconds: float) -> str:
    """Line of the log: epoch, range of the loss over networks, how many have learnt the task, time left."""
    last = np.array([history[-1] for history in losses.values()])
    statuses = [_status(history, options["threshold"]) for history in losses.values()]
    going = [history for history in losses.values() if not _finished(history, options) and len(history) == epoch]
    trained = sum(map(len, losses.values()))
    left = sum(_epochs_left(history, options) for history in going) * seconds / trained
    finite = last[np.isfinite(last)]
    spread = f"{finite.min():.3g} to {finite.max():.3g}" if finite.size else "not finite"
    diverged = f", diverged {statuses.count('diverged')}" if "diverged" in statuses else ""
    return (
        f"epoch {epoch:4d}  loss {spread}  converged {statuses.count('converged')}/{len(losses)}{diverged}"
        f"  training {len(going)}  {seconds:.0f} s, about {left:.0f} s left"
    )


def _epochs_left(losses: list[float], options: dict) -> float:
    """Guess from the loss's exponential fall over the last epochs; at most what is allowed."""
    allowed = options["epochs"] - len(losses)
    reached = _epoch_reached(losses, options["threshold"])
    if reached:
        return min(allowed, reached + options["patience"] - len(losses))
    recent = np.log(losses[-6:])
    fall = (recent[0] - recent[-1]) / max(len(recent) - 1, 1)
    if fall <= 0:
        return allowed
    return min(allowed, (recent[-1] - np.log(options["threshold"])) / fall + options["patience"])


def _dataset(condition: dict, cell, seeds, initial, final, losses) -> xr.Dataset:
    threshold = condition["training"]["threshold"]
    task = make_task(condition)
    variables = {}
    for prefix, when, source in (("", "after", final), ("initial_", "before", initial)):
        for name, dims in cell.parameter_dims().items():
            values = np.stack([source[seed][name] for seed in seeds]).astype(np.float32)
            named = {"long_name": f"{name.replace('_', ' ')} {when} training", "units": "1"}
            variables[prefix + name] = (("network", *dims), values, named)
    epochs = np.array([len(losses[seed]) for seed in seeds], np.int32)
    history = np.full((len(seeds), epochs.max()), np.nan)
    for row, seed in enumerate(seeds):
        history[row, : epochs[row]] = losses[seed]
    reached = np.array([_epoch_reached(losses[seed], threshold) for seed in seeds], np.int32)
    status = np.array([STATUS[_status(losses[seed], threshold)] for seed in seeds], np.int8)
    flags = {"flag_values": np.array(list(STATUS.values()), np.int8), "flag_meanings": " ".join(STATUS)}
    variables |= {
        "loss": (
            ("network", "epoch"),
            history,
            {"long_name": "mean training MSE of the epoch", "units": "output units squared"},
        ),
        "epochs": ("network", epochs, {"long_name": "epochs trained", "units": "epoch"}),
        "epoch_reached": (
            "network",
            reached,
            {"long_name": "first epoch below the threshold, 0 if none", "units": "epoch"},
        ),
        "status": ("network", status, {"long_name": "outcome of training", "units": "1"} | flags),
    }
    coordinates = {
        "network": ("network", np.array(seeds, np.int32), {"long_name": "seed of the network"}),
        "epoch": ("epoch", np.arange(1, epochs.max() + 1, dtype=np.int32), {"long_name": "epoch of training"}),
        "input": list(task.inputs),
        "output": list(task.outputs),
    }
    return xr.Dataset(variables, coordinates, attrs={"parameters": " ".join(cell.parameter_dims())})
