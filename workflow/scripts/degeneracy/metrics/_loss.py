"""Loss of one network as a function of the vector of its trained parameters, with its first and second derivatives.

The loss is that of `Trials`. The vector (parameter,) holds each parameter of the cell one after the other
in float64, without the recurrent weights that a sparse network lacks.

The Hessian of the loss l(y(θ)) is H = G + R, where G = Jᵀ (∂²l/∂y²) J is its Gauss-Newton part, J is the Jacobian of
the outputs y, and R holds the curvature of the outputs, weighted with their errors.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from degeneracy.cells import Cell, state_size
from degeneracy.devices import to_device
from degeneracy.metrics._trials import Trials
from degeneracy.networks.losses import outputs_of


@dataclass(frozen=True)
class Loss:
    """The loss of networks of one cell on some trials, and the outputs that it compares with the targets."""

    cell: Cell
    trials: Trials
    shapes: dict[str, tuple[int, ...]]
    entries: Tensor  # (parameter): places of the trained entries among those of all parameters

    def vector(self, parameters: dict[str, np.ndarray]) -> Tensor:
        """Trained entries (parameter,) of the parameters of one network."""
        flat = np.concatenate([np.asarray(parameters[name], float).ravel() for name in self.shapes])
        return to_device(flat, self.trials.inputs.device)[self.entries]

    def parameters(self, vector: Tensor) -> dict[str, Tensor]:
        """Parameters of one network; entries that are not trained are 0."""
        sizes = [int(np.prod(shape)) for shape in self.shapes.values()]
        if len(vector) < sum(sizes):
            vector = vector.new_zeros(sum(sizes)).index_copy(0, self.entries, vector)
        parts = zip(self.shapes.items(), vector.split(sizes), strict=True)
        return {name: part.reshape(shape) for (name, shape), part in parts}

    def __call__(self, vector: Tensor) -> Tensor:
        """The loss, a number."""
        return self.trials.loss_of(self.outputs(vector))

    def outputs(self, vector: Tensor) -> Tensor:
        """Outputs (time, trial, output), by a plain loop of `cell.step`, which can be differentiated more than once."""
        parameters, trials = self.parameters(vector), self.trials
        if trials.forcing:
            lifted = {name: value[None] for name, value in parameters.items()}
            return outputs_of(self.cell, lifted, trials.inputs[None], trials.targets[None], trials.forcing)[0]
        return self.run(parameters)[1]

    def run(self, parameters: dict[str, Tensor], added: Tensor | None = None) -> tuple[list[Tensor], Tensor]:
        """States (trial, unit) of each step, and outputs (time, trial, output), of one network that is not forced.

        `added` (time, trial, unit) adds to the bias of each step.
        """
        lifted = {name: value[None] for name, value in parameters.items()}
        inputs, states, outputs = self.trials.inputs, [], []
        state = inputs.new_zeros(inputs.shape[1], state_size(self.cell))
        for time, (source, now) in enumerate(zip(self.trials.fed_back, inputs, strict=True)):
            own = parameters if added is None else parameters | {"bias": parameters["bias"] + added[time]}
            state = self.cell.step(own, state, outputs[source] if source >= 0 else now)
            states.append(state)
            # step by step: the second derivative of a stack of states takes time and memory (time², trial, unit)
            outputs.append(self.cell.readout(lifted, state[None])[0])
        return states, torch.stack(outputs)


def loss_of(population, network: int, trials: Trials) -> Loss:
    """The loss of a network of a population on some trials, as a function of what was trained."""
    networks, entries = population.networks, []
    for name in population.parameters:
        masked = "connectivity_mask" in networks and networks[name].dims[1:] == networks["connectivity_mask"].dims[1:]
        exists = networks["connectivity_mask" if masked else name].values[network]
        entries.append((exists != 0).ravel() if masked else np.ones(exists.size, bool))
    shapes = {name: values.shape[1:] for name, values in population.parameters.items()}
    trained = torch.as_tensor(np.flatnonzero(np.concatenate(entries)), device=population.device)
    return Loss(population.cell, trials, shapes, trained)


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
    error = loss.trials.loss_of(outputs)
    (gradient,) = torch.autograd.grad(error, vector, create_graph=True)
    shown = outputs.detach().requires_grad_()
    (slope,) = torch.autograd.grad(loss.trials.loss_of(shown), shown, create_graph=True)
    weights = torch.zeros_like(outputs, requires_grad=True)
    (pulled,) = torch.autograd.grad(outputs, vector, weights, create_graph=True)  # Jᵀ w, linear in w

    def gauss_newton(along: Tensor) -> Tensor:
        forward = product(pulled, weights, along)  # J v
        return product(outputs, vector, product(slope, shown, forward))

    return Derivatives(error.item(), gradient.detach(), partial(product, gradient, vector), gauss_newton)


def of_each(
    population, trials: Trials, measures: Iterable[str], measure: Callable[[Loss, Tensor], dict | str]
) -> dict[str, np.ndarray]:
    """What `measure` finds for the loss of each network on some trials and its vector, by name (network, …).

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
            print(f"network {seed}: NaN, because {result}")
        else:
            found[network] = result
    one = next(iter(found.values()), dict.fromkeys(measures, np.nan))
    missing = {name: np.full_like(value, np.nan, dtype=float) for name, value in one.items()}
    rows = [found.get(network, missing) for network in range(len(population.seeds))]
    return {name: np.stack([np.asarray(row[name], float) for row in rows]) for name in one}
