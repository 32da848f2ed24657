"""Trials on which the loss of training is computed, once networks are trained: without noise and penalties.

On training trials it has the teacher forcing of training; on all others networks run free.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from degeneracy.devices import to_device
from degeneracy.errors import UserError
from degeneracy.networks.closed_loop import states_of
from degeneracy.networks.losses import outputs_of, step_loss
from degeneracy.networks.population import Population


@dataclass(frozen=True)
class Trials:
    """Trials of one group, in float64, and the kind of the loss."""

    inputs: Tensor  # (time, trial, input)
    targets: Tensor  # (time, trial, output)
    mask: Tensor  # (time, trial)
    fed_back: np.ndarray  # (time): the step whose outputs are the inputs of a step, or −1
    kind: str
    forcing: float  # strength of teacher forcing

    @classmethod
    def of(cls, population: Population, group: str, count: int) -> "Trials":
        """The first `count` trials of a group. Raises UserError if there are none, or no targets."""
        data = population.trials(group).isel(trial=slice(count))
        if not data.sizes["output"]:
            raise UserError(f"the {group} trials have no targets")
        arrays = (
            to_device(data[name].values, population.device).transpose(0, 1) for name in ("inputs", "targets", "mask")
        )
        fed_back = data["fed_back"].values if "fed_back" in data else np.full(data.sizes["time"], -1)
        options = population.condition["training"]
        return cls(*arrays, fed_back, options["loss"], options.get("teacher_forcing", 0) if group == "train" else 0)

    def some(self, chosen: np.ndarray) -> "Trials":
        inputs, targets, mask = (part[:, torch.as_tensor(chosen)] for part in (self.inputs, self.targets, self.mask))
        return replace(self, inputs=inputs, targets=targets, mask=mask)

    def losses(self, cell, parameters: dict[str, Tensor]) -> Tensor:
        """Masked loss (network) of networks with parameters (network, …), differentiable once."""
        networks = len(next(iter(parameters.values())))
        inputs, targets = (part.expand(networks, *part.shape) for part in (self.inputs, self.targets))
        if self.forcing:
            outputs = outputs_of(cell, parameters, inputs, targets, self.forcing)
        else:
            outputs = cell.readout(parameters, states_of(cell, parameters, inputs, self.fed_back))
        return self.loss_of(outputs)

    def loss_of(self, outputs: Tensor) -> Tensor:
        """Masked loss (…) of outputs (…, time, trial, output)."""
        losses = step_loss(self.kind, outputs, self.targets)  # (…, time, trial)
        return (losses * self.mask).sum((-2, -1)) / self.mask.sum()
