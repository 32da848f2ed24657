"""One epoch of a group of networks: the order of the trials, the step, and what follows the last of them."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from degeneracy.errors import UserError
from degeneracy.networks.backends.choice import GRAPHED, mean_squared_error
from degeneracy.networks.backends.cuda_graph import captured
from degeneracy.networks.group import Buffers, Group
from degeneracy.networks.optimiser import _adam, _add_penalties, _lower_rates
from degeneracy.networks.outcome import Stored, _epoch_reached, _finished

# Networks that have finished are trained on, unheeded, until this share of their group is left: the group of those
# left needs a new CUDA graph, whose making takes as long as hundreds of steps.
COMPACT = 0.875
EVALUATED = 1024  # trials that are evaluated at once


def _advance(group: Group, order: np.ndarray, prepare: Callable, report):
    """Train a group for one epoch; returns it with each network's mean loss (network), in a list.

    Where memory does not suffice the group is halved, and its halves are trained from where it was.
    Raises UserError if it does not suffice for one network. A generator: yields while the device computes.
    """
    before = [tensor.clone() for tensor in group.state()]
    try:
        return [(group, (yield from _epoch(group, order, prepare)))]
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
        raise UserError("training: the device's memory does not suffice for one network; lower training.batch_size")
    report(f"out of memory with {networks} networks at once: halved, going on from epoch {group.epoch}")
    first = np.arange(networks) < (networks + 1) // 2
    parts = []
    for half in (first, ~first):
        parts += yield from _advance(group.part(half), order[half], prepare, report)
    return parts


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Whether torch's allocator, cuBLAS or the making of a CUDA graph had too little memory."""
    said = ("out of memory", "ALLOC_FAILED")
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in said)


def _epoch(group: Group, order: np.ndarray, prepare: Callable):
    """Train a group for one epoch on trials (network, step, trial); returns each network's mean loss (network).

    A generator: yields once all steps are launched.
    """
    if group.buffers is None:
        group.buffers = prepare(group)
    buffers = group.buffers
    buffers.order.copy_(torch.as_tensor(order).transpose(0, 1))
    buffers.at.zero_()
    buffers.total.zero_()
    for _ in range(len(buffers.order)):
        buffers.step()
    yield
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


def _after_epoch(
    group: Group, epoch_losses: np.ndarray, losses: dict, stored: dict[int, Stored], evaluate: Callable, options: dict
) -> Group:
    """Note the losses, and the best network of each seed whose loss has been below the threshold.

    Returns the group, thinned out if enough networks have finished.
    """
    for seed, loss in zip(np.array(group.seeds)[group.going].tolist(), epoch_losses[group.going], strict=True):
        losses[seed].append(loss)
    _lower_rates(group, epoch_losses, options)
    last = group.epoch == options["epochs"]
    ended = [last or _finished(losses[seed], options) for seed in group.seeds]
    reached = [_epoch_reached(losses[seed], options["threshold"]) > 0 for seed in group.seeds]
    chosen = np.flatnonzero(group.going & np.logical_or(ended, reached))
    if chosen.size:
        index = torch.as_tensor(chosen, device=group.parameters.device)
        parameters = group.parameters[index]
        found = evaluate(group.named(parameters)).cpu().numpy()
        for row, flat, loss in zip(chosen, parameters.cpu().numpy(), found, strict=True):
            seed = group.seeds[row]
            if seed not in stored or loss < stored[seed].loss:
                stored[seed] = Stored(flat.copy(), float(loss), group.epoch)
    group.going &= ~np.array(ended)
    return group.part(group.going) if 0 < group.going.mean() <= COMPACT else group


@torch.no_grad()
def _evaluated(parameters: dict[str, Tensor], cell, data: list[Tensor]) -> Tensor:
    """Masked MSE (network) over all trials of networks with fixed parameters (network, …)."""
    networks = len(next(iter(parameters.values())))
    total = torch.zeros(networks, dtype=torch.float64, device=data[0].device)
    for inputs, targets, mask in zip(*(part.split(EVALUATED) for part in data), strict=True):
        inputs, targets, mask = (part.transpose(0, 1) for part in (inputs, targets, mask))  # (time, trial, …)
        states = cell.states(parameters, inputs.expand(networks, *inputs.shape))
        squared = (cell.readout(parameters, states) - targets).square().mean(-1)  # (network, time, trial)
        total += (squared * mask).sum((1, 2)).double()
    return total / data[2].sum(dtype=torch.float64)


def _order(group: Group, trials: int, options: dict) -> np.ndarray:
    """Trials of each minibatch (network, step, trial): passes over all training trials, each in a new order."""
    steps, batch = options["steps_per_epoch"], options["batch_size"]
    drawn = [np.concatenate(_passes(order, trials, options)) for order in group.orders]
    return np.stack(drawn)[:, : steps * batch].reshape(len(drawn), steps, batch)


def _passes(order: np.random.Generator, trials: int, options: dict) -> list[np.ndarray]:
    """As many orders (trial) of all training trials as an epoch begins."""
    passes = -(-options["steps_per_epoch"] * options["batch_size"] // trials)
    return [order.permutation(trials) for _ in range(passes)]
