"""Loss of one network as a function of the vector of its trained parameters, with its first and second derivatives.

The loss is that of training on given trials: MSE or cross entropy with the mask and the teacher forcing of the
condition, but without noise and penalties. The vector (parameter,) holds each parameter of the cell one after the other
in float64, without the recurrent weights that a sparse network lacks.

The Hessian of the loss l(y(θ)) is H = G + R, where G = Jᵀ (∂²l/∂y²) J is its Gauss-Newton part, J is the Jacobian of
the outputs y, and R holds the curvature of the outputs, weighted with their errors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from degeneracy.cells import Cell, state_size
from degeneracy.devices import to_device
from degeneracy.networks.losses import outputs_of, step_loss


@dataclass(frozen=True)
class Loss:
    """The loss of networks of one cell on some trials, and the outputs that it compares with the targets."""

    cell: Cell
    kind: str
    forcing: float  # strength α of teacher forcing
    inputs: Tensor  # (time, trial, input)
    targets: Tensor  # (time, trial, output)
    mask: Tensor  # (time, trial)
    fed_back: np.ndarray  # (time): the step whose outputs are the inputs of a step, or −1
    shapes: dict[str, tuple[int, ...]]
    entries: Tensor  # (parameter): places of the trained entries among those of all parameters

    def vector(self, parameters: dict[str, np.ndarray]) -> Tensor:
        """Trained entries (parameter,) of the parameters of one network."""
        flat = np.concatenate([np.asarray(parameters[name], float).ravel() for name in self.shapes])
        return to_device(flat, self.inputs.device)[self.entries]

    def parameters(self, vector: Tensor) -> dict[str, Tensor]:
        """Parameters of one network; entries that are not trained are 0."""
        sizes = [int(np.prod(shape)) for shape in self.shapes.values()]
        if len(vector) < sum(sizes):
            vector = vector.new_zeros(sum(sizes)).index_copy(0, self.entries, vector)
        parts = zip(self.shapes.items(), vector.split(sizes), strict=True)
        return {name: part.reshape(shape) for (name, shape), part in parts}

    def __call__(self, vector: Tensor) -> Tensor:
        """The loss, a number."""
        return self.of_outputs(self.outputs(vector))

    def of_outputs(self, outputs: Tensor) -> Tensor:
        """The loss, a number, of outputs (time, trial, output)."""
        return (step_loss(self.kind, outputs, self.targets) * self.mask).sum() / self.mask.sum()

    def outputs(self, vector: Tensor) -> Tensor:
        """Outputs (time, trial, output), by a plain loop of `cell.step`, which can be differentiated more than once."""
        parameters = self.parameters(vector)
        lifted = {name: value[None] for name, value in parameters.items()}
        if self.forcing:
            return outputs_of(self.cell, lifted, self.inputs[None], self.targets[None], self.forcing)[0]
        return self.cell.readout(lifted, self.states(parameters)[None])[0]

    def states(self, parameters: dict[str, Tensor]) -> Tensor:
        """States (time, trial, unit) of one network that is not forced."""
        lifted = {name: value[None] for name, value in parameters.items()}
        states = [self.inputs.new_zeros(self.inputs.shape[1], state_size(self.cell))]
        for source, now in zip(self.fed_back, self.inputs, strict=True):
            if source >= 0:
                now = self.cell.readout(lifted, states[source + 1][None])[0]
            states.append(self.cell.step(parameters, states[-1], now))
        return torch.stack(states[1:])


def loss_of(population, network: int, trials: xr.Dataset) -> Loss:
    """The loss that a network of a population was trained on, on some trials."""
    options, networks = population.condition["training"], population.networks
    exact = partial(to_device, device=population.device)
    entries = []
    for name in population.parameters:
        masked = "connectivity_mask" in networks and networks[name].dims[1:] == networks["connectivity_mask"].dims[1:]
        exists = networks["connectivity_mask" if masked else name].values[network]
        entries.append((exists != 0).ravel() if masked else np.ones(exists.size, bool))
    steps = trials.sizes["time"]
    return Loss(
        population.cell,
        options["loss"],
        options.get("teacher_forcing", 0),
        exact(trials["inputs"].values).transpose(0, 1),
        exact(trials["targets"].values).transpose(0, 1),
        exact(trials["mask"].values).T,
        trials["fed_back"].values if "fed_back" in trials else np.full(steps, -1),
        {name: values.shape[1:] for name, values in population.parameters.items()},
        torch.as_tensor(np.flatnonzero(np.concatenate(entries)), device=population.device),
    )


class Derivatives(NamedTuple):
    """The loss at a vector of parameters, its gradient (parameter,), and products of H and G with such a vector."""

    loss: float
    gradient: Tensor
    hessian: Callable[[Tensor], Tensor]
    gauss_newton: Callable[[Tensor], Tensor]


def derivatives(loss: Loss, vector: Tensor) -> Derivatives:
    """Derivatives of a loss at a vector; their graph of computation is built once and serves all products."""
    vector = vector.detach().requires_grad_()
    outputs = loss.outputs(vector)
    error = loss.of_outputs(outputs)
    (gradient,) = torch.autograd.grad(error, vector, create_graph=True)
    shown = outputs.detach().requires_grad_()
    (slope,) = torch.autograd.grad(loss.of_outputs(shown), shown, create_graph=True)
    weights = torch.zeros_like(outputs, requires_grad=True)
    (pulled,) = torch.autograd.grad(outputs, vector, weights, create_graph=True)  # Jᵀ w, linear in w

    def product(of: Tensor, by: Tensor, along: Tensor) -> Tensor:
        return torch.autograd.grad(of, by, along, retain_graph=True)[0]

    def gauss_newton(along: Tensor) -> Tensor:
        forward = product(pulled, weights, along)  # J v
        return product(outputs, vector, product(slope, shown, forward))

    return Derivatives(error.item(), gradient.detach(), partial(product, gradient, vector), gauss_newton)
