"""Loss of one network as a function of the vector of its trained parameters, with its first and second derivatives.

The loss is that of training on given trials: MSE or cross entropy with the mask and the teacher forcing of the
condition, but without noise and penalties. The vector (parameter,) holds each parameter of the cell one after the other
in float64, without the recurrent weights that a sparse network lacks.

The Hessian of the loss l(y(θ)) is H = G + R, where G = Jᵀ (∂²l/∂y²) J is its Gauss-Newton part, J is the Jacobian of
the outputs y, and R holds the curvature of the outputs, weighted with their errors.
"""

import logging
from collections.abc import Callable, Iterable
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

log = logging.getLogger(__name__)


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
        if self.forcing:
            lifted = {name: value[None] for name, value in parameters.items()}
            return outputs_of(self.cell, lifted, self.inputs[None], self.targets[None], self.forcing)[0]
        return self.run(parameters)[1]

    def run(self, parameters: dict[str, Tensor], added: Tensor | None = None) -> tuple[list[Tensor], Tensor]:
        """States (trial, unit) of each step, and outputs (time, trial, output), of one network that is not forced.

        `added` (time, trial, unit) adds to the bias of each step.
        """
        lifted = {name: value[None] for name, value in parameters.items()}
        state, states, outputs = self.inputs.new_zeros(self.inputs.shape[1], state_size(self.cell)), [], []
        for time, (source, now) in enumerate(zip(self.fed_back, self.inputs, strict=True)):
            own = parameters if added is None else parameters | {"bias": parameters["bias"] + added[time]}
            state = self.cell.step(own, state, outputs[source] if source >= 0 else now)
            states.append(state)
            # step by step: the second derivative of a stack of states takes time and memory (time², trial, unit)
            outputs.append(self.cell.readout(lifted, state[None])[0])
        return states, torch.stack(outputs)


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
    """The loss at a vector of parameters, its gradient (parameter,), and products with vectors (…, parameter)."""

    loss: float
    gradient: Tensor
    hessian: Callable[[Tensor], Tensor]  # H v
    gauss_newton: Callable[[Tensor], Tensor]  # G v


def product(of: Tensor, by: Tensor, along: Tensor) -> Tensor:
    """Gradient by some tensor of the product of another one with `along`, which may have a leading dimension."""
    return torch.autograd.grad(of, by, along, retain_graph=True, is_grads_batched=along.ndim > of.ndim)[0]


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

    def gauss_newton(along: Tensor) -> Tensor:
        forward = product(pulled, weights, along)  # J v
        return product(outputs, vector, product(slope, shown, forward))

    return Derivatives(error.item(), gradient.detach(), partial(product, gradient, vector), gauss_newton)


def of_each(
    population, trials: xr.Dataset, measures: Iterable[str], measure: Callable[[Loss, Tensor], dict | str]
) -> dict[str, np.ndarray]:
    """What `measure` finds for the loss of each network and its vector, by name (network, …).

    A network whose loss is not finite, or of which `measure` says what is wrong, has NaN and a line in the log.
    """
    found: dict[int, dict] = {}
    for network, seed in enumerate(population.seeds):
        loss = loss_of(population, network, trials)
        vector = loss.vector({name: values[network] for name, values in population.parameters.items()})
        with torch.no_grad():
            value = loss(vector).item()
        result = measure(loss, vector) if np.isfinite(value) else f"its loss is {value}"
        if isinstance(result, str):
            log.warning(f"network {seed}: {result}")
        else:
            found[network] = result
    one = next(iter(found.values()), dict.fromkeys(measures, np.nan))
    missing = {name: np.full_like(value, np.nan, dtype=float) for name, value in one.items()}
    rows = [found.get(network, missing) for network in range(len(population.seeds))]
    return {name: np.stack([np.asarray(row[name], float) for row in rows]) for name in one}
