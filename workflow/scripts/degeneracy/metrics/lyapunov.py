"""Lyapunov exponents: the mean rates at which small differences of the state grow or shrink along a trajectory.

A frame of directions is advanced by the Jacobian of the step and made orthonormal again after each step by a QR
decomposition; the exponents are the means of log |R_ii| (Benettin et al. 1980; for recurrent networks Vogt et al.
2022). The `value` is the largest one, in nat per step of the task: chaos if it is positive. The `dimension` is that of
Kaplan and Yorke (1979), j + (λ_1 + … + λ_j) / |λ_{j+1}| with the largest j for which the sum is not negative.

With `along: free`, a network runs by itself from where the probe trials end. Its inputs are its own outputs if the task
predicts its inputs, and otherwise the constant inputs of the task, of which each trial has one. If outputs are fed
back `horizon` steps later, the Jacobian is that of the whole loop, whose state is the last `horizon` states. With
`along: driven` it runs through the probe trials, and the exponents say what the same inputs do to two states.

The first frame is a fixed mixture of the left-singular vectors of the first Jacobian: the order of the units does not
matter, and no part of a network is missed, even if the others do not reach it. A direction that a step shrinks to
nothing counts as if it shrank to 1e-300 of its length.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from degeneracy.metrics._free_run import feedback, parameters_of_each, readout
from degeneracy.plugins.options import Range

LEVEL = "dynamics"
MEASURES = {"value": ("largest Lyapunov exponent", "nat per step"), "dimension": ("Kaplan–Yorke dimension", "1")}
RANGE = {"dimension": (0, None)}
SYMMETRY = "signed"
NEEDS = ("equations", "inputs")
LEAST = 1e-300
AT_ONCE = 2**19  # entries of the Jacobians that are held at once


def value(
    population,
    *,
    along: Literal["free", "driven"] = "free",
    exponents: Annotated[int, Range(1)] = 8,
    steps: Annotated[int, Range(2)] = 500,
    transient: Annotated[float, Range(0, 0.9)] = 0.2,
    trials: Annotated[int, Range(1)] = 16,
) -> dict[str, np.ndarray]:
    """Largest exponent and dimension (network), all `spectrum` (network, exponent), and the SE of the largest.

    Exponents are means over trials, and over `steps` steps (if driven, at most those of a trial) without the first
    share `transient` of them; the standard error is over trials. NaN for a network whose states are not finite. The
    dimension is NaN if it needs more than so many `exponents`.
    """
    inputs = torch.as_tensor(population.trials("probe")["inputs"].values[:trials]).double()
    constants = torch.as_tensor(population.task.constant_inputs()).double()  # (condition, input)
    delay, found = feedback(population.task), []
    networks = zip(population.seeds, population.states_of_each(trials), parameters_of_each(population), strict=True)
    for seed, states, parameters in networks:
        visited = torch.as_tensor(states)  # (trial, time, unit)
        if along == "driven":
            start, given = torch.zeros_like(visited[:, :1]), list(inputs.unbind(1)[:steps])
        elif delay:
            start, given = visited[:, -delay:], [None] * steps
        else:
            start, given = visited[:, -1:], [constants[torch.arange(len(visited)) % len(constants)]] * steps
        with torch.no_grad():
            rates = _rates(population.cell, parameters, start, given, exponents)  # (time, trial, exponent)
        found.append(rates[int(transient * len(rates)) :].mean(0))
        if not np.isfinite(found[-1]).all():
            print(f"network {seed}: NaN, because its states are not finite along the trajectory")
    means, several = np.mean(found, axis=1), len(inputs) > 1
    spectrum, largest = -np.sort(-means, axis=1), means.argmax(1)
    whole = visited.shape[2] * (delay if delay and along == "free" else 1)
    dimension = np.array([kaplan_yorke(own, whole) for own in spectrum])
    for seed in population.seeds[np.isnan(dimension) & np.isfinite(spectrum[:, 0])]:
        print(f"dimension of network {seed}: NaN, because it needs more than {spectrum.shape[1]} exponents")
    return {
        "value": spectrum[:, 0],
        "dimension": dimension,
        "spectrum": spectrum,
        "error": np.std(found, axis=1, ddof=1)[np.arange(len(found)), largest] / np.sqrt(len(inputs))
        if several
        else np.nan * dimension,
    }


def kaplan_yorke(spectrum: np.ndarray, size: int) -> float:
    """Dimension from the largest exponents (exponent) of a map of so many dimensions; NaN if they are too few."""
    sums = np.cumsum(spectrum)
    if not np.isfinite(sums).all():
        return np.nan
    if sums[0] < 0:
        return 0.0
    last = int(np.flatnonzero(sums >= 0)[-1])
    if last + 1 < len(spectrum):
        return last + 1 + sums[last] / abs(spectrum[last + 1])
    return float(size) if len(spectrum) == size else np.nan


def _rates(cell, parameters: dict[str, Tensor], past: Tensor, given: Sequence[Tensor | None], count: int) -> np.ndarray:
    """Growth log |R_ii| (time, trial, exponent) of a frame along trajectories that begin with `past`.

    The state of the map is `past` (trial, delay, unit), the newest state last. The inputs of a step are `given` (trial,
    input) or, where None, the outputs at the oldest of these states.
    """
    trials, delay, units = past.shape
    count, size = min(count, delay * units), delay * units
    states, drives = list(past.unbind(1)), []
    for inputs in given:
        drives.append(readout(cell, parameters, states[-delay]) if inputs is None else inputs)
        states.append(cell.step(parameters, states[-1], drives[-1]))
    path, drive = torch.stack(states), torch.stack(drives)  # (time, trial, …)
    if not path.isfinite().all():
        return np.full((len(given), trials, count), np.nan)
    frame, rates = torch.eye(size, dtype=past.dtype).expand(trials, size, size), []
    together = max(1, AT_ONCE // (trials * units**2))
    for first in range(0, len(given), together):
        some = slice(first, first + together)
        here, oldest = path[delay - 1 :][some][: len(drive[some])], path[some][: len(drive[some])]
        through = _fed_back(cell, parameters, here, drive[some], oldest) if given[0] is None else None
        for step, jacobian in enumerate(_at_points(cell.jacobian, parameters, here, drive[some])):
            fed = None if through is None else through[step]
            if not rates:
                after = path[1 : delay + 1].transpose(0, 1).flatten(1)  # (trial, delay · unit)
                frame = _first_frame(_moved(frame, jacobian, fed, delay), after, count)
            frame, triangle = torch.linalg.qr(_moved(frame, jacobian, fed, delay))
            rates.append(triangle.diagonal(dim1=1, dim2=2).abs().clamp_min(LEAST).log())
    return torch.stack(rates).numpy()


def _first_frame(jacobian: Tensor, state: Tensor, count: int) -> Tensor:
    """Directions (trial, entry, exponent) that mix the left-singular vectors of a Jacobian (trial, entry, entry).

    The signs of its singular vectors are those of their products with a state (trial, entry).
    """
    left, sizes, _ = torch.linalg.svd(jacobian)
    signs = torch.where(left.mT @ state[..., None] < 0, -1.0, 1.0)  # (trial, vector, 1)
    mixture = np.random.default_rng(0).standard_normal((len(sizes[0]), count))
    return torch.linalg.qr(left @ (signs * sizes[..., None] * torch.as_tensor(mixture)))[0]


def _moved(frame: Tensor, jacobian: Tensor, fed: Tensor | None, delay: int) -> Tensor:
    """The directions of a frame (trial, delay · unit, exponent) one step later."""
    parts = frame.unflatten(1, (delay, -1))
    moved = jacobian @ parts[:, -1]  # (trial, unit, exponent)
    if fed is not None:
        moved = moved + fed @ parts[:, 0]
    return torch.cat([parts[:, 1:], moved[:, None]], dim=1).flatten(1, 2)


def _at_points(function, parameters: dict[str, Tensor], states: Tensor, drive: Tensor) -> Tensor:
    """A function of a cell at states (time, trial, unit) with inputs (time, trial, input), all points at once."""
    found = function(parameters, states.flatten(0, 1), drive.flatten(0, 1))
    return found.unflatten(0, states.shape[:2])


def _fed_back(cell, parameters: dict[str, Tensor], states: Tensor, drive: Tensor, oldest: Tensor) -> Tensor:
    """Jacobian (time, trial, unit, source_unit) of the next states with respect to those whose outputs are the inputs.

    No point has an influence on another, so one forward pass for each input, and one backward pass for each output,
    serve all points.
    """
    by_input, by_state = [], []  # (point, unit) each
    now, inputs, before = (each.flatten(0, 1) for each in (states, drive, oldest))
    for channel in torch.eye(inputs.shape[1], dtype=inputs.dtype):
        tangent = channel.expand_as(inputs)
        by_input.append(torch.func.jvp(lambda own: cell.step(parameters, now, own), (inputs,), (tangent,))[1])
    with torch.enable_grad():
        source = before.clone().requires_grad_()
        answers = readout(cell, parameters, source)
        for output in answers.unbind(1):
            by_state.append(torch.autograd.grad(output.sum(), source, retain_graph=True)[0])
    return (torch.stack(by_input, dim=2) @ torch.stack(by_state, dim=1)).unflatten(0, states.shape[:2])
