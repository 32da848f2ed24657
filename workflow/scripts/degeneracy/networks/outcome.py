"""How far the training of each network is, what became of it, and the line of the log that says so."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from torch import Tensor

from degeneracy.status import Status

FALL = 3  # epochs from which the fall of a loss can be told


class Stored(NamedTuple):
    """The network that a training stores: the best of those it has evaluated with fixed parameters."""

    parameters: Tensor  # (parameter), on the CPU
    loss: float  # masked loss on the training trials; NaN if the network diverged before it was evaluated
    epoch: int


@dataclass(eq=False)
class Progress:
    """The training of one network so far."""

    seed: int
    data_seed: int  # of its minibatches and its noise
    order: np.random.Generator  # draws its minibatches
    losses: list[float] = field(default_factory=list)  # mean training loss of each epoch
    reached: int = 0  # first epoch (from 1) whose loss is below the threshold, 0 if none
    going: bool = True  # whether it is still trained
    stored: Stored | None = None
    best: float = math.inf  # loss that the learning-rate schedule compares with
    waited: int = 0  # epochs since then
    snapshots: dict[float, Stored] = field(default_factory=dict)  # by the loss at which each was taken

    def add(self, loss: float, options: dict) -> None:
        """Record the loss of an epoch, and end the training if this epoch is its last."""
        self.losses.append(loss)
        if not self.reached and loss < options["threshold"]:
            self.reached = len(self.losses)
        self.going = math.isfinite(loss) and len(self.losses) < self.last_epoch(options)

    def due(self, options: dict) -> list[float]:
        """The losses at which a snapshot is taken that the last epoch is the first to be below."""
        return [loss for loss in options["snapshots"] if loss not in self.snapshots and self.losses[-1] < loss]

    def last_epoch(self, options: dict) -> int:
        """Epoch after which the training ends at the latest."""
        return min(self.reached + options["patience"], options["epochs"]) if self.reached else options["epochs"]

    def keep(self, candidate: Stored) -> None:
        """Store a network unless the one that is stored is at least as good."""
        if self.stored is None or candidate.loss < self.stored.loss:
            self.stored = candidate

    def status(self, threshold: float) -> Status:
        """A network has converged if the one that is stored is below the threshold."""
        if self.stored and self.stored.loss < threshold:
            return Status.CONVERGED
        return Status.NOT_CONVERGED if math.isfinite(self.losses[-1]) else Status.DIVERGED


def progress_line(epoch: int, networks: list[Progress], options: dict, seconds: float) -> str:
    """Line of the log: epoch, range of the loss over networks, how many have converged, time left."""
    last = np.array([network.losses[-1] for network in networks])
    outcomes = [network.status(options["threshold"]) for network in networks]
    converged, diverged = outcomes.count(Status.CONVERGED), outcomes.count(Status.DIVERGED)
    going = [network for network in networks if network.going]
    trained = sum(len(network.losses) for network in networks)
    left = sum(_epochs_left(network, options) for network in going) * seconds / trained  # NaN while it is not known
    finite = last[np.isfinite(last)]
    spread = f"{finite.min():.3g} to {finite.max():.3g}" if finite.size else "not finite"
    return (
        f"epoch {epoch:4d}  loss {spread}  converged {converged}/{len(networks)}"
        + (f", diverged {diverged}" if diverged else "")
        + f"  training {len(going)}  {seconds:.0f} s"
        + (f", about {left:.0f} s left" if math.isfinite(left) else "")
    )


def _epochs_left(network: Progress, options: dict) -> float:
    """Guess from the exponential fall of the loss over the last epochs, NaN before there are `FALL` of them; at most
    what is allowed.
    """
    allowed = network.last_epoch(options) - len(network.losses)
    if network.reached:
        return allowed
    if len(network.losses) < FALL:
        return math.nan
    recent = np.log(network.losses[-6:])
    fall = (recent[0] - recent[-1]) / (len(recent) - 1)
    if fall <= 0:
        return allowed
    return min(allowed, (recent[-1] - np.log(options["threshold"])) / fall + options["patience"])
