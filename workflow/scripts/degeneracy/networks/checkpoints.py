"""Checkpoints of training: its complete state beside the artifact to come, so that an interrupted job goes on.

A checkpoint is of one training alone: that of its condition, seeds, trials, code, libraries, backend and device. Any
other is left aside. It is written whole or not at all, and removed when the artifact is there.
"""

import hashlib
import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from degeneracy.artifacts import store
from degeneracy.artifacts.schema import ArtifactError
from degeneracy.experiment.condition import dumps
from degeneracy.networks.epoch import _passes
from degeneracy.networks.group import Group
from degeneracy.networks.outcome import Stored
from degeneracy.networks.schema import CHECKPOINT

INTERVAL = 60.0  # least time between two checkpoints (s)
LIBRARIES = ("numba", "numpy", "torch")  # whose versions may round otherwise or draw other numbers


class Interrupted(SystemExit):
    """Training was asked to stop, and its state is saved; the process ends as one that SIGTERM has ended."""

    def __init__(self):
        super().__init__(128 + signal.SIGTERM)


def on_termination() -> Callable[[], bool]:
    """From now on SIGTERM, which Slurm sends before it takes a job off a machine, and Ctrl-C only turn this to True."""
    received = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: received.append(True))
    return lambda: bool(received)


@dataclass
class Checkpoint:
    """Where a training keeps its state, and when.

    `code` is the hash of the training's code; `stopping` says whether it was asked to stop.
    """

    path: Path
    code: str
    stopping: Callable[[], bool] = lambda: False
    interval: float = INTERVAL
    saved: float = field(default_factory=time.monotonic)
    spent: float = 0.0  # wall time before the state that was loaded (s)

    @classmethod
    def beside(cls, output, code: str, stopping: Callable[[], bool] = lambda: False) -> "Checkpoint":
        """The checkpoint of the artifact `output`: a hidden file in the same folder."""
        output = Path(output)
        return cls(output.with_name(f".{output.name}.checkpoint"), code, stopping)

    def load(self, identity: dict[str, str], report=print) -> xr.Dataset | None:
        """The state of the training of this identity and code, or None; a word on any other that is there."""
        if not self.path.is_file():
            return None
        try:
            state = store.read(self.path, CHECKPOINT)
        except ArtifactError as error:
            report(f"checkpoint is not used: {error}")
            return None
        wanted = identity | {"code": self.code}
        other = [name for name, value in wanted.items() if state.attrs.get(name) != value]
        if other:
            report(f"checkpoint {self.path} is not used: it is of another {', '.join(other)}")
            return None
        self.spent = state.attrs["wall_time_s"]
        return state

    def keep(self, state: Callable[[], xr.Dataset], identity: dict[str, str], seconds: float, report=print) -> None:
        """Save the state where it is time to, or training is to stop, which raises Interrupted then."""
        stopping = self.stopping()
        if not stopping and time.monotonic() < self.saved + self.interval:
            return
        attributes = identity | {"code": self.code}
        condition, device = json.loads(attributes.pop("condition")), attributes.pop("device")
        store.write(self.path, CHECKPOINT, state(), condition, device, seconds, **attributes)
        self.saved = time.monotonic()
        if stopping:
            report(f"asked to stop: the state of training is in {self.path}, the same command goes on from it")
            raise Interrupted

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def identity(condition: dict, seeds: list[int], trials: xr.Dataset, backend: str, device: str) -> dict[str, str]:
    """What two trainings must share for one to go on from the other's state, bit for bit."""
    content = hashlib.sha256()
    for name in ("inputs", "targets", "mask"):
        content.update(np.ascontiguousarray(trials[name].values).tobytes())
    return {
        "condition": dumps(condition),
        "seeds": dumps(seeds),
        "trials": content.hexdigest(),
        "libraries": dumps({name: version(name) for name in LIBRARIES}),
        "backend": backend,
        "device": device,
    }


def _state(seeds: list[int], groups: list[Group], losses: dict, stored: dict) -> xr.Dataset:
    """All that training goes on from, besides what follows from the condition and the seeds."""
    size = next(iter(stored.values())).parameters.size if stored else groups[0].parameters.shape[1]
    state = {name: np.zeros((len(seeds), size), np.float32) for name in ("parameters", "mean", "square", "final")}
    state |= {"rate": np.zeros(len(seeds), np.float32)} | {
        name: np.zeros(len(seeds)) for name in ("best", "steps", "final_loss")
    }
    state |= {name: np.zeros(len(seeds), np.int32) for name in ("epoch_of_group", "waited", "going", "epoch_stored")}
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
    for seed, each in stored.items():
        for name, value in zip(("final", "final_loss", "epoch_stored"), each, strict=True):
            state[name][row[seed]] = value
    state["epochs"] = np.array([len(losses[seed]) for seed in seeds], np.int32)
    history = np.full((len(seeds), max(1, state["epochs"].max())), np.nan)
    for seed in seeds:
        history[row[seed], : len(losses[seed])] = losses[seed]
    state["loss"] = history
    return CHECKPOINT.build(state)


def _restored(
    state: xr.Dataset, start: list[Group], losses: dict, stored: dict, trials: int, options: dict
) -> list[Group]:
    """The groups of a state (see `_state`), made from those at the start; fills the losses and what is stored."""
    device, values = start[0].parameters.device, {name: state[name].values for name in state.data_vars}
    seeds = [seed for group in start for seed in group.seeds]
    for row, seed in enumerate(seeds):
        losses[seed] += values["loss"][row, : values["epochs"][row]].tolist()
        if values["epoch_stored"][row]:
            stored[seed] = Stored(values["final"][row], values["final_loss"][row], int(values["epoch_stored"][row]))
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
