"""Checkpoints of training: its complete state beside the artifact to come, so that an interrupted job goes on.

A checkpoint is of one training alone: that of its condition, seeds, trials, code, libraries, backend and device. Any
other is left aside. It is written whole or not at all, and removed when the artifact is there.
"""

import hashlib
import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
import xarray as xr

from degeneracy import artifacts
from degeneracy.condition import dumps

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
            state = artifacts.read(self.path, "checkpoint")
        except artifacts.ArtifactError as error:
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
        artifacts.write(self.path, "checkpoint", state(), condition, device, seconds, **attributes)
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
