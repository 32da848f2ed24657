"""Training populations of networks: Adam through time, each network with its own minibatches and its own stop."""

import itertools
import time
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from itertools import pairwise

import numpy as np
import torch
import xarray as xr

from degeneracy.devices import name_of
from degeneracy.networks import checkpoints
from degeneracy.networks.backends.choice import GRAPHED, choose
from degeneracy.networks.backends.cuda_graph import workspace
from degeneracy.networks.checkpoints import Checkpoint, _restored, _state
from degeneracy.networks.epoch import _advance, _after_epoch, _evaluated, _order, _prepare
from degeneracy.networks.group import _group, _named, _sizes
from degeneracy.networks.outcome import Stored, _epoch_reached, _progress, _status
from degeneracy.plugins.discovery import make_cell, make_task
from degeneracy.status import Status


def initial_parameters(condition: dict, seed: int) -> dict[str, np.ndarray]:
    """Parameters of one network before training; they depend on the condition and the seed alone."""
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    task = make_task(condition)
    return make_cell(condition).initialise(generator, len(task.inputs), len(task.outputs))


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
    `patience` epochs after the first epoch whose mean MSE is below `threshold`, or after `epochs`. From the first
    epoch below the threshold on, and after the last, it is evaluated with fixed parameters on all training trials; the
    best of these is the network that is stored, and it has converged if its loss is below the threshold. The result
    depends on the condition and the seed alone; on the CPU it is bit-identical in any block. A network whose loss is
    not finite stops with the status `diverged`, and the others go on.

    Parameters
    ----------
    condition : resolved condition.
    seeds : integers, one a network.
    trials : training trials, inputs (trial, time, input), targets (trial, time, output), mask (trial, time).
    device : where to train. On the CPU each network is a group of its own, on CUDA all of them are one, which is
        halved where the device's memory does not suffice.
    report : called with one line of progress an epoch.
    backend : one of `backends.choice.BACKENDS`; UserError if the device does not have it.
    checkpoint : where to keep the state of training from time to time, and to go on from if it is there; on the CPU
        the result is bit-identical to that of a training that was not interrupted.

    Returns
    -------
    Dataset with each parameter of the cell after training and before (`initial_…`), the loss (network, epoch), the
    loss of the stored network, the numbers of epochs trained and of the epoch that is stored, the epoch that reached
    the threshold (0: none) and the status; the backend that was used is an attribute.
    """
    training = epochs(condition, seeds, trials, device, report, backend, checkpoint)
    ((_, networks),) = together([training], device, 1)
    return networks


def together(trainings: Iterable[Generator], device: torch.device, at_once: int) -> Iterator[tuple[int, xr.Dataset]]:
    """The number of each of several trainings (`epochs`), and what it returns, as it ends; so many at once.

    On CUDA each has a stream of its own, and multiprocessors that one leaves idle work for the others.
    """
    waiting, running = enumerate(trainings), []
    while True:
        for number, training in itertools.islice(waiting, at_once - len(running)):
            running.append((number, training, torch.cuda.Stream(device) if device.type == "cuda" else None))
        if not running:
            return
        for each in list(running):
            number, training, stream = each
            try:
                with torch.cuda.stream(stream):
                    next(training)
            except StopIteration as end:
                running.remove(each)
                yield number, end.value


def epochs(
    condition: dict,
    seeds,
    trials: xr.Dataset,
    device: torch.device,
    report,
    backend: str,
    checkpoint: Checkpoint | None,
) -> Generator[None, None, xr.Dataset]:
    """The training of `train`, which it returns; yields whenever an epoch of a group has been launched."""
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
    stored: dict[int, Stored] = {}
    start = time.perf_counter()
    if checkpoint:
        own = checkpoints.identity(condition, seeds, trials, backend, name_of(device))
        if (state := checkpoint.load(own, report)) is not None:
            groups = _restored(state, groups, losses, stored, len(data[0]), options)
            start -= checkpoint.spent
            report(f"going on from a checkpoint, at epoch {min([group.epoch for group in groups], default=0)}")
    shared = workspace() if backend in GRAPHED else None
    prepare = partial(_prepare, cell=cell, data=data, options=options, backend=backend, shared=shared)
    evaluate = partial(_evaluated, cell=cell, data=data)
    while groups:
        epoch = min(group.epoch for group in groups) + 1
        for group in [group for group in groups if group.epoch < epoch]:
            parts = yield from _advance(group, _order(group, len(data[0]), options), prepare, report)
            parts = [_after_epoch(part, values, losses, stored, evaluate, options) for part, values in parts]
            at = groups.index(group)
            groups[at : at + 1] = [part for part in parts if part.going.any()]
            if checkpoint:
                state = partial(_state, seeds, groups, losses, stored)
                checkpoint.keep(state, own, time.perf_counter() - start, report)
        report(_progress(epoch, losses, stored, options, time.perf_counter() - start))
    shapes = {name: value.shape for name, value in initial[seeds[0]].items()}
    return _dataset(condition, cell, seeds, initial, shapes, stored, losses).assign_attrs(backend=backend)


def _dataset(condition: dict, cell, seeds, initial, shapes, stored, losses) -> xr.Dataset:
    threshold = condition["training"]["threshold"]
    task = make_task(condition)
    final = {seed: _named(torch.as_tensor(each.parameters), shapes) for seed, each in stored.items()}
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
    final_loss = np.array([stored[seed].loss for seed in seeds])
    outcomes = [_status(losses[seed], stored[seed].loss, threshold) for seed in seeds]
    status = np.array([Status[outcome.upper()] for outcome in outcomes], np.int8)
    flags = {
        "flag_values": np.array(list(Status), np.int8),
        "flag_meanings": " ".join(each.name.lower() for each in Status),
    }
    variables |= {
        "loss": (
            ("network", "epoch"),
            history,
            {"long_name": "mean training MSE of the epoch", "units": "output units squared"},
        ),
        "final_loss": (
            "network",
            final_loss,
            {"long_name": "MSE of the stored network on the training trials", "units": "output units squared"},
        ),
        "epochs": ("network", epochs, {"long_name": "epochs trained", "units": "epoch"}),
        "epoch_stored": (
            "network",
            np.array([stored[seed].epoch for seed in seeds], np.int32),
            {"long_name": "epoch whose parameters are stored", "units": "epoch"},
        ),
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
