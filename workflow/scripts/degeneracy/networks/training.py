"""Training populations of networks: Adam through time, each network with its own minibatches and its own stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from degeneracy import checkpoints
from degeneracy.cells._backends import GRAPHED, captured, choose, mean_squared_error, workspace
from degeneracy.checkpoints import Checkpoint
from degeneracy.condition import make_cell, make_task
from degeneracy.devices import name_of
from degeneracy.status import STATUS

ADAM = {"betas": (0.9, 0.999), "epsilon": 1e-8}
IMPROVEMENT = 1e-4  # relative fall of the loss that counts for the learning-rate schedule
# Networks that have finished are trained on, unheeded, until this share of their group is left: the group of those
# left needs a new CUDA graph, whose making takes as long as hundreds of steps.
COMPACT = 0.875


def initial_parameters(condition: dict, seed: int) -> dict[str, np.ndarray]:
    """Parameters of one network before training; they depend on the condition and the seed alone."""
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    task = make_task(condition)
    return make_cell(condition).initialise(generator, len(task.inputs), len(task.outputs))


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


def train(
    condition: dict,
    seeds,
    trials: xr.Dataset,
    device: torch.device,
    report=print,
    backend: str = "auto",
    checkpoint: Checkpoint | None = None,
) -> xr.Dataset:
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
    device : where to train. On the CPU each network is a group of its own, on CUDA all of them are one, which is
        halved where the device's memory does not suffice.
    report : called with one line of progress an epoch.
    backend : one of `_backends.BACKENDS`; ValueError if the device does not have it.
    checkpoint : where to keep the state of training from time to time, and to go on from if it is there; on the CPU
        the result is bit-identical to that of a training that was not interrupted.

    Returns
    -------
    Dataset with each parameter of the cell after training and before (`initial_…`), the loss (network, epoch), the
    number of epochs trained, the epoch that reached the threshold (0: none) and the status; the backend that was used
    is an attribute.
    """
    options, cell, seeds = condition["training"], make_cell(condition), list(seeds)
    channels = [trials.sizes[name] for name in ("input", "output")]
    backend, obstacle = choose(backend, device, cell, *channels)
    report(f"backend {backend}" + (f", as {obstacle}" if obstacle else ""))
    data = [
        torch.as_tensor(trials[name].values, device=device) for name in ("inputs", "targets", "mask")
    ]  # (trial, time, …)
    initial = {seed: initial_parameters(condition, seed) for seed in seeds}
    bounds = np.cumsum([0, *_sizes(len(seeds), device)])
    groups = [_group({seed: initial[seed] for seed in seeds[a:b]}, cell, options, device) for a, b in pairwise(bounds)]
    losses: dict[int, list[float]] = {seed: [] for seed in seeds}
    final: dict[int, np.ndarray] = {}  # parameters of those that have finished (parameter)
    start = time.perf_counter()
    if checkpoint:
        own = checkpoints.identity(condition, seeds, trials, backend, name_of(device))
        if (state := checkpoint.load(own, report)) is not None:
            groups = _restored(state, groups, losses, final, len(data[0]), options)
            start -= checkpoint.spent
            report(f"going on from a checkpoint, at epoch {min([group.epoch for group in groups], default=0)}")
    shared = workspace() if backend in GRAPHED else None
    prepare = partial(_prepare, cell=cell, data=data, options=options, backend=backend, shared=shared)
    while groups:
        epoch = min(group.epoch for group in groups) + 1
        for group in [group for group in groups if group.epoch < epoch]:
            parts = _advance(group, _order(group, len(data[0]), options), prepare, report)
            parts = [_after_epoch(part, values, losses, final, options) for part, values in parts]
            at = groups.index(group)
            groups[at : at + 1] = [part for part in parts if part.going.any()]
            if checkpoint:
                state = partial(_state, seeds, groups, losses, final)
                checkpoint.keep(state, own, time.perf_counter() - start, report)
        report(_progress(epoch, losses, options, time.perf_counter() - start))
    shapes = {name: value.shape for name, value in initial[seeds[0]].items()}
    trained = {seed: _named(torch.as_tensor(flat), shapes) for seed, flat in final.items()}
    return _dataset(condition, cell, seeds, initial, trained, losses).assign_attrs(backend=backend)


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


def _advance(group: Group, order: np.ndarray, prepare: Callable, report) -> list[tuple[Group, np.ndarray]]:
    """Train a group for one epoch; returns it with each network's mean loss (network).

    Where memory does not suffice the group is halved, and its halves are trained from where it was.
    Raises ValueError if it does not suffice for one network.
    """
    before = [tensor.clone() for tensor in group.state()]
    try:
        return [(group, _epoch(group, order, prepare))]
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            raise  # else its traceback holds on to memory until here
    for tensor, old in zip(group.state(), before, strict=True):
        tensor.copy_(old)
    group.buffers = None
    if group.parameters.device.type == "cuda":
        torch.cuda.empty_cache()
    networks = len(group.seeds)
    if networks == 1:
        raise ValueError("training: the device's memory does not suffice for one network; lower training.batch_size")
    report(f"out of memory with {networks} networks at once: halved, going on from epoch {group.epoch}")
    first = np.arange(networks) < (networks + 1) // 2
    halves = [_advance(group.part(half), order[half], prepare, report) for half in (first, ~first)]
    return [part for parts in halves for part in parts]


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Whether torch's allocator, cuBLAS or the making of a CUDA graph had too little memory."""
    said = ("out of memory", "ALLOC_FAILED")
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in said)


def _epoch(group: Group, order: np.ndarray, prepare: Callable) -> np.ndarray:
    """Train a group for one epoch on trials (network, step, trial); returns each network's mean loss (network)."""
    if group.buffers is None:
        group.buffers = prepare(group)
    buffers = group.buffers
    buffers.order.copy_(torch.as_tensor(order).transpose(0, 1))
    buffers.at.zero_()
    buffers.total.zero_()
    for _ in range(len(buffers.order)):
        buffers.step()
    group.epoch += 1
    return (buffers.total / len(buffers.order)).cpu().numpy()


def _prepare(group: Group, cell, data: list[Tensor], options: dict, backend: str, shared) -> Buffers:
    """Buffers and step of a group: a call, or on the backends that have one the replay of a CUDA graph."""
    shape, device = (options["steps_per_epoch"], len(group.seeds), options["batch_size"]), group.parameters.device
    buffers = Buffers(
        order=torch.zeros(shape, dtype=torch.int64, device=device),
        at=torch.zeros(1, dtype=torch.int64, device=device),
        total=torch.zeros(len(group.seeds), dtype=torch.float64, device=device),
        data=data,
    )
    step = partial(_step, group, buffers, cell, options, backend)
    changed = [*group.state(), buffers.at, buffers.total]
    buffers.step = captured(step, changed, shared) if backend in GRAPHED else step
    return buffers


def _step(group: Group, buffers: Buffers, cell, options: dict, backend: str) -> None:
    """One minibatch of each network: loss, gradient, penalties, clip, Adam. All that it changes is changed in place."""
    chosen = buffers.order.index_select(0, buffers.at)[0]  # (network, trial)
    batch = [part[chosen].transpose(1, 2).contiguous() for part in buffers.data]  # (network, time, trial, …)
    flat = group.parameters.detach().requires_grad_()
    loss = mean_squared_error(cell, group.named(flat), *batch, backend)  # (network)
    (gradient,) = torch.autograd.grad(loss.sum(), flat)
    buffers.total += loss.detach()
    _add_penalties(cell, group.named(flat.detach()), group.named(gradient), options)
    _adam(group, gradient, options["gradient_clip"])
    buffers.at += 1


def _after_epoch(group: Group, epoch_losses: np.ndarray, losses: dict, final: dict, options: dict) -> Group:
    """Note the losses, and the parameters of networks that finish; returns the group, thinned out if enough have."""
    for seed, loss in zip(np.array(group.seeds)[group.going].tolist(), epoch_losses[group.going], strict=True):
        losses[seed].append(loss)
    _lower_rates(group, epoch_losses, options)
    for index in np.flatnonzero(group.going):
        seed = group.seeds[index]
        if group.epoch == options["epochs"] or _finished(losses[seed], options):
            final[seed] = group.parameters[index].cpu().numpy().copy()
            group.going[index] = False
    return group.part(group.going) if 0 < group.going.mean() <= COMPACT else group


def _order(group: Group, trials: int, options: dict) -> np.ndarray:
    """Trials of each minibatch (network, step, trial): passes over all training trials, each in a new order."""
    steps, batch = options["steps_per_epoch"], options["batch_size"]
    drawn = [np.concatenate(_passes(order, trials, options)) for order in group.orders]
    return np.stack(drawn)[:, : steps * batch].reshape(len(drawn), steps, batch)


def _passes(order: np.random.Generator, trials: int, options: dict) -> list[np.ndarray]:
    """As many orders (trial) of all training trials as an epoch begins."""
    passes = -(-options["steps_per_epoch"] * options["batch_size"] // trials)
    return [order.permutation(trials) for _ in range(passes)]


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
    if finite.device.type != "cpu":
        return _polar_factor_by_products(finite)
    left, values, right = torch.linalg.svd(finite, full_matrices=False)
    rounding = values[:, :1] * weights.shape[-1] * torch.finfo(weights.dtype).eps
    return (left * (values > rounding)[:, None, :]) @ right


def _polar_factor_by_products(weights: Tensor) -> Tensor:
    """The same by matrix products alone, which CUDA graphs can hold and GPUs are made for.

    Singular values below 1e-6 ‖W‖_F, rounding in float32, end between 0 and 1: any such is a subgradient too.
    Source: Newton–Schulz iteration with the scaling of Chen & Chow 2014, which brings singular values of [l, 1] to
    [½ α l (3 − α² l²), 1] by X ← ½ α X (3 − α² XᵀX), α² = 3 / (1 + l + l²).
    """
    factor, least = weights / weights.norm(dim=(-2, -1), keepdim=True).clamp_min(1e-30), 1e-6
    while least < 1 - 1e-7:
        square = 3 / (1 + least + least**2)
        half = 0.5 * square**0.5
        factor = 3 * half * factor - half * square * (factor @ (factor.mT @ factor))
        least = half * least * (3 - square * least**2)
    return factor


@torch.no_grad()
def _adam(group: Group, gradient: Tensor, clip: float) -> None:
    """One step of Adam (Kingma & Ba 2015, algorithm 1), each network's gradient shortened to the norm `clip` first."""
    beta, beta_square = ADAM["betas"]
    gradient *= (clip / gradient.norm(dim=1, keepdim=True).clamp_min(1e-30)).clamp_max(1)
    group.steps += 1
    mean, square = group.moments
    mean.lerp_(gradient, 1 - beta)
    square.mul_(beta_square).addcmul_(gradient, gradient, value=1 - beta_square)
    bias, bias_square = ((1 - decay**group.steps).float() for decay in (beta, beta_square))
    scale = (square / bias_square).sqrt_().add_(group.epsilon)
    group.parameters -= group.rates * mean / (scale * bias)


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


def _state(seeds: list[int], groups: list[Group], losses: dict, final: dict) -> xr.Dataset:
    """All that training goes on from, besides what follows from the condition and the seeds."""
    size = next(iter(final.values())).size if final else groups[0].parameters.shape[1]
    state = {name: np.zeros((len(seeds), size), np.float32) for name in ("parameters", "mean", "square", "final")}
    state |= {"rate": np.zeros(len(seeds), np.float32)} | {name: np.zeros(len(seeds)) for name in ("best", "steps")}
    state |= {name: np.zeros(len(seeds), np.int32) for name in ("epoch_of_group", "waited", "going")}
    state["group"] = np.full(len(seeds), -1, np.int32)  # -1: in none, as it has finished
    row = {seed: index for index, seed in enumerate(seeds)}
    for number, group in enumerate(groups):
        rows = [row[seed] for seed in group.seeds]
        state["group"][rows], state["epoch_of_group"][rows] = number, group.epoch
        state["steps"][rows] = group.steps.item()
        for name, values in zip(("parameters", "mean", "square"), (group.parameters, *group.moments), strict=True):
            state[name][rows] = values.cpu().numpy()
        state["rate"][rows] = group.rates[:, 0].cpu().numpy()
        state["best"][rows], state["waited"][rows], state["going"][rows] = group.best, group.waited, group.going
    for seed, flat in final.items():
        state["final"][row[seed]] = flat
    state["epochs"] = np.array([len(losses[seed]) for seed in seeds], np.int32)
    history = np.full((len(seeds), max(1, state["epochs"].max())), np.nan)
    for seed in seeds:
        history[row[seed], : len(losses[seed])] = losses[seed]
    state["loss"] = history
    dims = {"loss": ("network", "epoch")} | dict.fromkeys(
        ("parameters", "mean", "square", "final"), ("network", "parameter")
    )
    named = {name: {"long_name": f"{name.replace('_', ' ')} of a training under way", "units": "1"} for name in state}
    return xr.Dataset({name: (dims.get(name, "network"), values, named[name]) for name, values in state.items()})


def _restored(
    state: xr.Dataset, start: list[Group], losses: dict, final: dict, trials: int, options: dict
) -> list[Group]:
    """The groups of a state (see `_state`), made from those at the start; fills the losses and final parameters."""
    device, values = start[0].parameters.device, {name: state[name].values for name in state.data_vars}
    seeds = [seed for group in start for seed in group.seeds]
    for row, seed in enumerate(seeds):
        losses[seed] += values["loss"][row, : values["epochs"][row]].tolist()
        if values["group"][row] < 0 or not values["going"][row]:
            final[seed] = values["final"][row]
    orders = {seed: order for group in start for seed, order in zip(group.seeds, group.orders, strict=True)}
    groups = []
    for number in range(values["group"].max() + 1):
        rows = np.flatnonzero(values["group"] == number)
        parameters, mean, square, rate = (
            torch.as_tensor(values[name][rows], device=device) for name in ("parameters", "mean", "square", "rate")
        )
        group = replace(
            start[0],
            seeds=[seeds[row] for row in rows],
            parameters=parameters,
            rates=rate[:, None],
            orders=[orders[seeds[row]] for row in rows],
            moments=(mean, square),
            steps=torch.tensor(values["steps"][rows[0]], dtype=torch.float64, device=device),
            best=values["best"][rows],
            waited=values["waited"][rows],
            going=values["going"][rows].astype(bool),
            epoch=int(values["epoch_of_group"][rows[0]]),
        )
        for order in group.orders:
            for _ in range(group.epoch):
                _passes(order, trials, options)
        groups.append(group)
    return groups


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
