"""Networks that run by themselves: the inputs that they then get, and the outputs that they give."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor


def feedback(task) -> int:
    """The number of steps after which an output is the input of a network that runs by itself; 0 if it is none.

    A task that predicts its inputs `horizon` steps ahead is continued by feeding the outputs back (closed loop). A
    task that is autonomous needs no inputs to go on.
    """
    return 0 if getattr(task, "autonomous", False) else getattr(task, "horizon", 0)


def outputs(population, steps: int, trials: int) -> np.ndarray:
    """Outputs (network, trial, time, output) of `steps` steps that follow the first probe trials, without given inputs.

    The inputs are those of the trial, and then the network's own outputs or, of an autonomous task, 0.
    """
    given = population.trials("probe")["inputs"].values[:trials]
    length, delay = given.shape[1], feedback(population.task)
    inputs = np.concatenate([given, np.zeros((len(given), steps, given.shape[2]))], axis=1)
    fed_back = np.arange(length + steps) - delay
    fed_back[:length] = -1
    _, found = population.run(inputs, False, fed_back if delay else None)
    return found[:, :, length:]


def parameters_of_each(population) -> Iterator[dict[str, Tensor]]:
    """The parameters of one network after the other, in float64."""
    for index in range(len(population.seeds)):
        yield {name: torch.as_tensor(values[index]).double() for name, values in population.parameters.items()}


def readout(cell, parameters: dict[str, Tensor], states: Tensor) -> Tensor:
    """Outputs (point, output) of one network at states (point, unit)."""
    return cell.readout({name: values[None] for name, values in parameters.items()}, states[None])[0]
