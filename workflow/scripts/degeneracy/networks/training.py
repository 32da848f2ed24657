"""Training populations of networks: Adam through time, each network with its own minibatches and its own stop."""

import time
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
from degeneracy.networks.epoch import _advance, _after_epoch, _order, _prepare
from degeneracy.networks.group import _group, _named, _sizes
from degeneracy.networks.outcome import _epoch_reached, _progress, _status
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
    backend : one of `backends.choice.BACKENDS`; ValueError if the device does not have it.
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
    status = np.array([Status[_status(losses[seed], threshold).upper()] for seed in seeds], np.int8)
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
