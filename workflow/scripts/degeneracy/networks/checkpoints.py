"""Checkpoints: the complete state of a training, beside the artifact to come, from which an interrupted job resumes.

A checkpoint belongs to one training: that of its condition, seeds, trials, code, libraries, backend and device. Any
other checkpoint is not used. It is written whole or not at all, nothing in it is executed on reading, and it is removed
once the artifact is written.
"""

import signal
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from degeneracy.artifacts.atomic import whole
from degeneracy.artifacts.provenance import machine
from degeneracy.experiment.condition import dumps
from degeneracy.networks.group import Group
from degeneracy.networks.outcome import Progress, Stored
from degeneracy.trials.generate import content_of

INTERVAL = 60.0  # least time between two checkpoints (s)
LIBRARIES = ("numba", "numpy", "torch")  # another version of these may round differently or draw other numbers
GROUP_STATE = ("parameters", "rates", "moments", "steps", "epoch")  # of a group, besides the progress of its networks


class Interrupted(SystemExit):
    """Training was asked to stop and its state is saved; the process ends like one that SIGTERM has ended."""

    def __init__(self):
        super().__init__(128 + signal.SIGTERM)


def on_termination() -> Callable[[], bool]:
    """Catch SIGTERM, which Slurm sends before it ends a job, and Ctrl-C; returns whether one of them has come."""
    received = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: received.append(True))
    return lambda: bool(received)


@dataclass
class Checkpoint:
    """Where and when a training saves its state.

    `code` is the hash of the training's code; `stopping` says whether the training was asked to stop.
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

    def load(self, identity: dict[str, str], device: torch.device, report=print) -> dict | None:
        """The state of the training of this identity and code, or None; reports why a checkpoint is not used."""
        if not self.path.is_file():
            return None
        try:
            content = read(self.path, device)
        except ValueError as error:
            report(f"{error}; training starts anew")
            return None
        wanted = identity | {"code": self.code}
        other = [name for name, value in wanted.items() if content["identity"].get(name) != value]
        if other:
            report(f"checkpoint {self.path} is not used: it has another {', '.join(other)}; training starts anew")
            return None
        if content["machine"] != machine():
            report(f"checkpoint {self.path} is of another CPU or other BLAS kernels: the result is not bit-identical")
        self.spent = content["wall_time_s"]
        return content["state"]

    def keep(self, state: Callable[[], dict], identity: dict[str, str], seconds: float, report=print) -> None:
        """Save the state if it is time to; if training is to stop, save it and raise Interrupted."""
        stopping = self.stopping()
        if not stopping and time.monotonic() < self.saved + self.interval:
            return
        content = {
            "identity": identity | {"code": self.code},
            "machine": machine(),
            "wall_time_s": seconds,
            "state": state(),
        }
        with whole(self.path) as temporary:
            torch.save(content, temporary)
        self.saved = time.monotonic()
        if stopping:
            report(f"asked to stop: the state of training is saved in {self.path}, and the same command resumes it")
            raise Interrupted

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def read(path: Path, device: torch.device) -> dict:
    """What a checkpoint holds. Raises ValueError, in one sentence, for a file that is damaged or no checkpoint.

    `weights_only` refuses everything but tensors, numbers, words and containers of them, so that nothing is executed.
    """
    try:
        with zipfile.ZipFile(path) as file:
            damaged = file.testzip()  # the checksums, which torch does not compare
        content = None if damaged else torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # there is no end to what a damaged file can raise
        raise ValueError(f"checkpoint {path} is not used: it cannot be read ({type(error).__name__})") from None
    if damaged:
        raise ValueError(f"checkpoint {path} is not used: it is damaged")
    if not isinstance(content, dict) or content.keys() != {"identity", "machine", "wall_time_s", "state"}:
        raise ValueError(f"checkpoint {path} is not used: it is no checkpoint of a training")
    return content


def identity(condition: dict, seeds: list[int], trials: xr.Dataset, backend: str, device: str) -> dict[str, str]:
    """What two trainings must share so that one can resume from the state of the other, bit for bit."""
    return {
        "condition": dumps(condition),
        "seeds": dumps(seeds),
        "trials": content_of(trials),
        "libraries": dumps({name: version(name) for name in LIBRARIES}),
        "backend": backend,
        "device": device,
    }


def state_of(networks: list[Progress], groups: list[Group]) -> dict:
    """What a training resumes from, besides what follows from the condition and the seeds."""
    return {
        "networks": [
            vars(network)
            | {"order": network.order.bit_generator.state, "stored": network.stored and tuple(network.stored)}
            for network in networks
        ],
        "groups": [
            {"seeds": [network.seed for network in group.networks]}
            | {name: getattr(group, name) for name in GROUP_STATE}
            for group in groups
        ],
    }


def restored(state: dict, start: Group) -> tuple[list[Progress], list[Group]]:
    """The networks and groups of a state (see `state_of`); `start` is any group of the training at its start."""
    networks = {saved["seed"]: _restored_progress(saved) for saved in state["networks"]}
    groups = [
        replace(
            start,
            networks=[networks[seed] for seed in saved["seeds"]],
            **{name: saved[name] for name in GROUP_STATE},
        )
        for saved in state["groups"]
    ]
    return list(networks.values()), groups


def _restored_progress(saved: dict) -> Progress:
    order = np.random.Generator(np.random.PCG64())
    order.bit_generator.state = saved["order"]
    stored = saved["stored"] and Stored(*saved["stored"])
    if stored:
        stored = stored._replace(parameters=stored.parameters.cpu())
    return Progress(**saved | {"order": order, "stored": stored})
