"""What became of a network in training, read from its losses, and the line of the log that says so."""

from typing import NamedTuple

import numpy as np


class Stored(NamedTuple):
    """The network that is kept of a training: the best of those that were evaluated with fixed parameters."""

    parameters: np.ndarray  # (parameter)
    loss: float  # masked MSE on the training trials; NaN of a network that diverged before it was evaluated
    epoch: int


def _epoch_reached(losses: list[float], threshold: float) -> int:
    """Number (from 1) of the first epoch below the threshold; 0 if there is none."""
    return next((epoch for epoch, loss in enumerate(losses, 1) if loss < threshold), 0)


def _finished(losses: list[float], options: dict) -> bool:
    reached = _epoch_reached(losses, options["threshold"])
    return not np.isfinite(losses[-1]) or (reached > 0 and len(losses) >= reached + options["patience"])


def _status(losses: list[float], final_loss: float, threshold: float) -> str:
    """A network has converged if the one that is stored, with fixed parameters, is below the threshold."""
    if final_loss < threshold:
        return "converged"
    return "not_converged" if np.isfinite(losses[-1]) else "diverged"


def _progress(epoch: int, losses: dict[int, list[float]], stored: dict, options: dict, seconds: float) -> str:
    """Line of the log: epoch, range of the loss over networks, how many have converged, time left."""
    last = np.array([history[-1] for history in losses.values()])
    converged = sum(each.loss < options["threshold"] for each in stored.values())
    diverged = sum(not np.isfinite(history[-1]) for history in losses.values())
    going = [history for history in losses.values() if not _finished(history, options) and len(history) == epoch]
    trained = sum(map(len, losses.values()))
    left = sum(_epochs_left(history, options) for history in going) * seconds / trained
    finite = last[np.isfinite(last)]
    spread = f"{finite.min():.3g} to {finite.max():.3g}" if finite.size else "not finite"
    return (
        f"epoch {epoch:4d}  loss {spread}  converged {converged}/{len(losses)}"
        + (f", diverged {diverged}" if diverged else "")
        + f"  training {len(going)}  {seconds:.0f} s, about {left:.0f} s left"
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
