"""One epoch of a group of networks: the order of the trials, the step, and the evaluation after the last step."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from degeneracy.errors import UserError
from degeneracy.networks.backends.choice import GRAPHED, differentiated
from degeneracy.networks.backends.cuda_graph import captured
from degeneracy.networks.group import Buffers, Group
from degeneracy.networks.losses import outputs_of, step_loss
from degeneracy.networks.noise import draw
from degeneracy.networks.optimiser import add_penalties, descend, follow_schedule, lower_rates
from degeneracy.networks.outcome import Stored

# Finished networks stay in their group, ignored, until at most this share of the group is still trained: a smaller
# group needs a new CUDA graph, and capturing one takes as long as hundreds of steps.
COMPACT = 0.875
EVALUATED = 1024  # trials that are evaluated at once


def advance(group: Group, order: np.ndarray, prepare: Callable, report):
    """Train a group for one epoch; returns it with the mean loss of each network (network), in a list.

    If the device runs out of memory, the group is put back to where it was and halved, and each half is trained.
    Raises UserError if the memory does not suffice for one network. A generator: yields while the device computes.
    """
    before = [tensor.clone() for tensor in group.state()]
    try:
        return [(group, (yield from run_epoch(group, order, prepare)))]
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            raise  # the rest is outside this block, because the traceback of the error holds memory
    for tensor, old in zip(group.state(), before, strict=True):
        tensor.copy_(old)
    group.buffers = None
    if group.parameters.device.type == "cuda":
        torch.cuda.empty_cache()
    networks = len(group.networks)
    if networks == 1:
        raise UserError("training: the device's memory does not suffice for one network; lower training.batch_size")
    report(f"out of memory with {networks} networks at once: the group is halved and resumes from epoch {group.epoch}")
    first = np.arange(networks) < (networks + 1) // 2
    parts = []
    for half in (first, ~first):
        parts += yield from advance(group.part(half), order[half], prepare, report)
    return parts


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Whether torch's allocator, cuBLAS or the capture of a CUDA graph ran out of memory."""
    said = ("out of memory", "ALLOC_FAILED")
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in said)


def run_epoch(group: Group, order: np.ndarray, prepare: Callable):
    """Train a group for one epoch on trials (network, step, trial); returns the mean loss of each network (network).

    A generator: yields once all steps are launched.
    """
    if group.buffers is None:
        group.buffers = prepare(group)
    buffers = group.buffers
    buffers.order.copy_(torch.as_tensor(order).transpose(0, 1))
    buffers.at.zero_()
    buffers.total.zero_()
    for step in range(len(buffers.order)):
        if buffers.noise is not None:
            draw(buffers.noise, [network.data_seed for network in group.networks], group.epoch, step)
        buffers.step()
    yield
    group.epoch += 1
    return (buffers.total / len(buffers.order)).cpu().numpy()


def prepared(group: Group, cell, data: list[Tensor], options: dict, backend: str, shared) -> Buffers:
    """Buffers and step of a group: a call, or the replay of a CUDA graph on the backends that have one."""
    device = group.parameters.device
    steps, networks, trials = options["steps_per_epoch"], len(group.networks), options["batch_size"]
    buffers = Buffers(
        order=torch.zeros(steps, networks, trials, dtype=torch.int64, device=device),
        at=torch.zeros(1, dtype=torch.int64, device=device),
        total=torch.zeros(networks, dtype=torch.float64, device=device),
        data=data,
        batch=[part.new_empty(networks, part.shape[1], trials, *part.shape[2:]) for part in data],
    )
    if getattr(cell, "recurrent_noise", 0):
        buffers.noise = torch.zeros(networks, data[0].shape[1], trials, cell.width, device=device)
    compute = fetching(buffers), differentiated(cell, group, options, backend)
    step = partial(_step, group, buffers, cell, options, *compute)
    changed = [*group.state(), buffers.at, buffers.total]
    buffers.step = captured(step, changed, shared) if backend in GRAPHED else step
    return buffers


def fetching(buffers: Buffers) -> Callable[[], None]:
    """Function that fills `batch` with the trials of the step that is due."""
    if buffers.at.device.type == "cpu":
        from degeneracy.networks.backends import compiled_step  # here, so that only training waits for the compiler

        data, batch = (tuple(part.numpy() for part in parts) for parts in (buffers.data, buffers.batch))
        return partial(compiled_step.gather, buffers.order.numpy(), buffers.at.numpy(), data, batch)

    def fetch() -> None:
        chosen = buffers.order.index_select(0, buffers.at)[0]  # (network, trial)
        for into, part in zip(buffers.batch, buffers.data, strict=True):
            into.copy_(part[chosen].transpose(1, 2))

    return fetch


def _step(group: Group, buffers: Buffers, cell, options: dict, fetch: Callable, differentiate: Callable) -> None:
    """One minibatch of each network: loss, gradient, penalties, mask, clipping, descent, and what the cell constrains.

    Everything is changed in place.
    """
    fetch()
    loss, gradient = differentiate(buffers.batch, buffers.noise)
    buffers.total += loss
    if options["nuclear_norm"] or options["l1"]:
        add_penalties(cell, group.named(group.parameters), group.named(gradient), options)
    if group.mask is not None:
        gradient *= group.mask  # a weight that does not exist is 0 before training, and so it stays
    descend(group, gradient, options)
    if hasattr(cell, "constrain"):
        cell.constrain(group.named(group.parameters))
    buffers.at += 1


def after_epoch(group: Group, losses: np.ndarray, evaluate: Callable, options: dict) -> Group:
    """Record the losses of an epoch (network); evaluate the networks that are within their patience or at their end.

    Returns the group, without its finished networks once they are enough (see COMPACT).
    """
    losses = losses.tolist()
    lower_rates(group, losses, options)
    follow_schedule(group, options)
    trained = [row for row, network in enumerate(group.networks) if network.going]
    for row in trained:
        group.networks[row].add(losses[row], options)
    _take_snapshots(group, trained, evaluate, options)
    rows = [row for row in trained if group.networks[row].reached or not group.networks[row].going]
    if rows:
        parameters = group.parameters[rows]  # (network, parameter)
        evaluated = evaluate(group.named(parameters)).tolist()
        for row, flat, loss in zip(rows, parameters.cpu(), evaluated, strict=True):
            group.networks[row].keep(Stored(flat.clone(), loss, group.epoch))
    going = np.array([network.going for network in group.networks])
    return group.part(going) if 0 < going.mean() <= COMPACT else group


def _take_snapshots(group: Group, trained: list[int], evaluate: Callable, options: dict) -> None:
    """Keep the parameters of networks whose last epoch is the first below some of the losses `snapshots`."""
    due = {row: losses for row in trained if (losses := group.networks[row].due(options))}
    if due:
        parameters = group.parameters[list(due)]  # (network, parameter)
        evaluated = evaluate(group.named(parameters)).tolist()
        for (row, losses), flat, loss in zip(due.items(), parameters.cpu(), evaluated, strict=True):
            group.networks[row].snapshots |= dict.fromkeys(losses, Stored(flat.clone(), loss, group.epoch))


@torch.no_grad()
def evaluated_loss(parameters: dict[str, Tensor], cell, data: list[Tensor], options: dict) -> Tensor:
    """Masked loss (network) over all trials of networks with fixed parameters (network, …)."""
    networks = len(next(iter(parameters.values())))
    total = torch.zeros(networks, dtype=torch.float64, device=data[0].device)
    for inputs, targets, mask in zip(*(part.split(EVALUATED) for part in data), strict=True):
        inputs, targets, mask = (part.transpose(0, 1) for part in (inputs, targets, mask))  # (time, trial, …)
        inputs, targets = (part.expand(networks, *part.shape) for part in (inputs, targets))
        outputs = outputs_of(cell, parameters, inputs, targets, options["teacher_forcing"])
        losses = step_loss(options["loss"], outputs, targets)  # (network, time, trial)
        total += (losses * mask).sum((1, 2)).double()
    return total / data[2].sum(dtype=torch.float64)


def minibatches(group: Group, trials: int, options: dict) -> np.ndarray:
    """Trials of each minibatch (network, step, trial): passes over all training trials, each in a new order."""
    steps, batch = options["steps_per_epoch"], options["batch_size"]
    passes = range(-(-steps * batch // trials))
    drawn = [np.concatenate([network.order.permutation(trials) for _ in passes]) for network in group.networks]
    return np.stack(drawn)[:, : steps * batch].reshape(len(drawn), steps, batch)
