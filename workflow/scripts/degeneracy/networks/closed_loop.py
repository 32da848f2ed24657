"""States of networks some of whose inputs are their own outputs."""

import numpy as np
import torch
from torch import Tensor

from degeneracy.cells import Cell


def states_of(cell: Cell, parameters: dict[str, Tensor], inputs: Tensor, fed_back: np.ndarray | None) -> Tensor:
    """States (network, time, trial, unit) of inputs (network, time, trial, input).

    `fed_back` (time) is the step whose outputs are the inputs of a step, or −1 for the inputs that are given; None
    stands for −1 at all steps.
    """
    fed = [] if fed_back is None else np.flatnonzero(fed_back >= 0)
    if not len(fed):
        return cell.states(parameters, inputs)
    lifted = {name: value[:, None] for name, value in parameters.items()}  # (network, trial, …)
    states = list(cell.states(parameters, inputs[:, : fed[0]]).unbind(1))
    for step in range(fed[0], inputs.shape[1]):
        source = fed_back[step]
        now = cell.readout(parameters, states[source]) if source >= 0 else inputs[:, step]  # (network, trial, input)
        states.append(cell.step(lifted, states[-1], now))
    return torch.stack(states, dim=1)
