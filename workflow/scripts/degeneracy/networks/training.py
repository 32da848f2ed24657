"""Training of a population by backpropagation through time; each network has its own minibatches and end."""

import itertools
import math
import time
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from itertools import pairwise

import numpy as np
import torch
import xarray as xr

from degeneracy.devices import name_of
from degeneracy.networks import checkpoints, connectivity
from degeneracy.networks.backends.choice import GRAPHED, choose
from degeneracy.networks.backends.cuda_graph import workspace
from degeneracy.networks.checkpoints import Checkpoint
from degeneracy.networks.epoch import advance, after_epoch, evaluated_loss, minibatches, prepared
from degeneracy.networks.group import group_sizes, make_group, named
from degeneracy.networks.losses import suited
from degeneracy.networks.outcome import Progress, Stored, progress_line
from degeneracy.networks.schema import LOSS_UNIT, of_cell
from degeneracy.networks.seeds import seeds_of
from degeneracy.plugins import returned
from degeneracy.plugins.discovery import cell_of, make_cell, make_task
from degeneracy.status import Status
from degeneracy.trials.generate import generate


def initial_parameters(condition: dict, seed: int) -> dict[str, np.ndarray]:
    """Parameters of one network before training, which depend only on the condition and the seed."""
    seed = seeds_of(seed, condition["training"]).initialisation
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    task, cell, density = make_task(condition), make_cell(condition), condition["training"]["connectivity"]
    drawn = cell.initialise(generator, len(task.inputs), len(task.outputs))
    return connectivity.thinned(drawn, connectivity.masks(cell, density, seed), density)


def train(
    condition: dict,
    seeds,
    trials: xr.Dataset,
    device: torch.device,
    report=print,
    backend: str = "auto",
    checkpoint: Checkpoint | None = None,
) -> xr.Dataset:
    """Train one network for each seed, and return the networks before and after training.

    A network is trained on the masked loss of minibatches of shuffled training trials, with its gradient clipped to the
    norm `gradient_clip`. Regularisers add to the gradient, but not to the reported loss. Training stops
    `patience` epochs after the first epoch whose mean loss is below `threshold`, or after `epochs` epochs. From that
    first epoch on, and after the last epoch, the network is evaluated with fixed parameters on all training trials. The
    best evaluated network is stored; it has converged if its evaluated loss is below the threshold. A network whose
    loss is not finite stops with the status `diverged`, and the others continue. A cell with noise has it in the steps
    of training alone, not where a network is evaluated.

    For each of the losses `snapshots` the parameters after the first epoch whose mean loss is below it are kept, too.
    This changes nothing in training.

    The result depends only on the condition and the seed. On one CPU it is bit-identical in any block. Other BLAS
    kernels, another CPU or another backend round differently, and training amplifies the difference: networks trained
    there are like networks of other seeds. Artifacts therefore record the CPU and the kernels (see
    `artifacts.provenance`), and reading a population that mixes them logs a warning.

    Parameters
    ----------
    condition : resolved condition.
    seeds : integers, one for each network.
    trials : training trials: inputs (trial, time, input), targets (trial, time, output), mask (trial, time). Where
        seeds of the data are crossed (`data_seeds`) these are set 0, and the sets of other networks are generated.
    device : where to train. On the CPU each network is a group of its own. On CUDA all networks with the same
        training trials are one group, which is halved when the device runs out of memory.
    report : called with one line of progress per epoch.
    backend : one of `backends.choice.BACKENDS`; UserError if the device does not have it.
    checkpoint : where to save the state of training from time to time, and to resume from if there is a state. On one
        CPU a resumed training is bit-identical to an uninterrupted one.

    Returns
    -------
    Dataset with each parameter of the cell after training and before it (`initial_…`), the loss (network, epoch), the
    evaluated loss of the stored network (`final_loss`), the number of epochs trained, the epoch that is stored, the
    first epoch below the threshold (0 if none) and the status. Snapshots are a further dimension, of `snapshot_…`. The
    backend is an attribute.
    """
    training = epochs(condition, seeds, trials, device, report, backend, checkpoint)
    ((_, networks),) = together([training], device, 1)
    return networks


def together(trainings: Iterable[Generator], device: torch.device, at_once: int) -> Iterator[tuple[int, xr.Dataset]]:
    """Run several trainings (`epochs`), `at_once` at a time; yields the number and the result of each as it ends.

    On CUDA each training has its own stream, so that one can use the multiprocessors that another leaves idle.
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
    """The training of `train` as a generator: returns its result, and yields when an epoch of a group is launched."""
    options, cell, seeds = condition["training"], make_cell(condition), [int(seed) for seed in seeds]
    channels = [trials.sizes[name] for name in ("input", "output")]
    returned.check_cell(cell, cell_of(condition).source, *channels)
    backend, obstacle = choose(backend, device, cell, *channels)
    backend, unsuited = suited(backend, options)
    obstacle = unsuited or obstacle
    report(f"backend {backend}" + (f", as {obstacle}" if obstacle else ""))
    sets = {seed: seeds_of(seed, options).training_set for seed in seeds}
    data = {number: _training_set(condition, number, trials, device) for number in sorted(set(sets.values()))}
    initial = {seed: initial_parameters(condition, seed) for seed in seeds}
    blocks = _blocks(sets, device)
    groups = [make_group({seed: initial[seed] for seed in block}, cell, options, device) for block in blocks]
    by_seed = {network.seed: network for group in groups for network in group.networks}
    networks = [by_seed[seed] for seed in seeds]
    start = time.perf_counter()
    if checkpoint:
        identity = checkpoints.identity(condition, seeds, trials, backend, name_of(device))
        if (state := checkpoint.load(identity, device, report)) is not None:
            networks, groups = checkpoints.restored(state, groups[0])
            start -= checkpoint.spent
            report(f"resuming from a checkpoint at epoch {min([group.epoch for group in groups], default=0)}")
    shared = workspace() if backend in GRAPHED else None
    while groups:
        epoch = min(group.epoch for group in groups) + 1
        for group in [group for group in groups if group.epoch < epoch]:
            own = data[sets[group.networks[0].seed]]
            prepare = partial(prepared, cell=cell, data=own, options=options, backend=backend, shared=shared)
            evaluate = partial(evaluated_loss, cell=cell, data=own, options=options)
            parts = yield from advance(group, minibatches(group, len(own[0]), options), prepare, report)
            parts = [after_epoch(part, losses, evaluate, options) for part, losses in parts]
            at = groups.index(group)
            groups[at : at + 1] = [part for part in parts if any(network.going for network in part.networks)]
            if checkpoint:
                state = partial(checkpoints.state_of, networks, groups)
                checkpoint.keep(state, identity, time.perf_counter() - start, report)
        report(progress_line(epoch, networks, options, time.perf_counter() - start))
    return _dataset(condition, cell, initial, networks).assign_attrs(backend=backend)


def _training_set(condition: dict, number: int, first: xr.Dataset, device: torch.device) -> list[torch.Tensor]:
    """Inputs, targets and mask (trial, time, …) of a set of training trials; set 0 is given."""
    trials = generate(condition, ["train"], number)["train"] if number else first
    return [torch.as_tensor(trials[name].values, device=device) for name in ("inputs", "targets", "mask")]


def _blocks(sets: dict[int, int], device: torch.device) -> Iterator[list[int]]:
    """The seeds of each group: of networks that learn from the same set of training trials. `sets` gives it by seed."""
    for number in sorted(set(sets.values())):
        seeds = [seed for seed in sets if sets[seed] == number]
        bounds = np.cumsum([0, *group_sizes(len(seeds), device)])
        yield from (seeds[a:b] for a, b in pairwise(bounds))


def _dataset(condition: dict, cell, initial: dict[int, dict[str, np.ndarray]], networks: list[Progress]) -> xr.Dataset:
    """The networks after and before training, their losses and what became of them."""
    task, training = make_task(condition), condition["training"]
    shapes = {name: value.shape for name, value in initial[networks[0].seed].items()}
    density = training["connectivity"]
    final = named(torch.stack([network.stored.parameters for network in networks]), shapes)
    start = {name: np.stack([initial[network.seed][name] for network in networks]) for name in shapes}
    epochs = np.array([len(network.losses) for network in networks], np.int32)
    history = np.full((len(networks), epochs.max()), np.nan)
    for row, network in zip(history, networks, strict=True):
        row[: len(network.losses)] = network.losses
    values = {name: final[name].numpy() for name in cell.parameter_dims()}
    values |= {f"initial_{name}": start[name].astype(np.float32) for name in cell.parameter_dims()}
    values |= {
        "loss": history,
        "final_loss": np.array([network.stored.loss for network in networks]),
        "epochs": epochs,
        "epoch_stored": np.array([network.stored.epoch for network in networks], np.int32),
        "epoch_reached": np.array([network.reached for network in networks], np.int32),
        "status": np.array([network.status(training["threshold"]) for network in networks], np.int8),
    }
    initialisation, data, _ = zip(*(seeds_of(network.seed, training) for network in networks), strict=True)
    if density < 1:
        drawn = [connectivity.draw_connections(cell.width, density, seed) for seed in initialisation]
        values["connectivity_mask"] = np.stack(drawn).astype(np.int8)
    if training["snapshots"]:
        values |= _snapshots(networks, training["snapshots"], final)
    coordinates = {
        "initialisation_seed": np.array(initialisation, np.int32),
        "data_seed": np.array(data, np.int32),
        "network": (
            "network",
            np.array([network.seed for network in networks], np.int32),
            {"long_name": "seed of the network"},
        ),
        "epoch": ("epoch", np.arange(1, epochs.max() + 1, dtype=np.int32), {"long_name": "epoch of training"}),
        "input": list(task.inputs),
        "output": list(task.outputs),
    }
    if training["snapshots"]:
        described = {"long_name": "loss at which the snapshot was taken", "units": LOSS_UNIT}
        coordinates["snapshot"] = ("snapshot", training["snapshots"], described)
    dataset = of_cell(cell).build(values, coordinates, parameters=" ".join(cell.parameter_dims()))
    dataset["status"].attrs |= {
        "flag_values": np.array(list(Status), np.int8),
        "flag_meanings": " ".join(each.name.lower() for each in Status),
    }
    return dataset


def _snapshots(networks: list[Progress], losses: list[float], final: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """The networks as they were when they first reached some losses; NaN, and epoch 0, where one did not."""
    shapes = {name: value.shape[1:] for name, value in final.items()}
    missing = Stored(torch.full_like(networks[0].stored.parameters, torch.nan), math.nan, 0)
    taken = [[network.snapshots.get(loss, missing) for loss in losses] for network in networks]
    flat = torch.stack([torch.stack([each.parameters for each in row]) for row in taken])  # (network, snapshot, …)
    parameters = {f"snapshot_{name}": value.numpy() for name, value in named(flat, shapes).items()}
    return parameters | {
        "snapshot_loss": np.array([[each.loss for each in row] for row in taken]),
        "snapshot_epoch": np.array([[each.epoch for each in row] for row in taken], np.int32),
    }
