"""The symmetries of a network's units: in what order they stand and, where the recurrence is odd, with what sign.

Relabelling units changes no output. Turning the sign of a unit (its bias, its rows of the recurrent and input weights,
its columns of the recurrent weights and of the readout) changes none either where the activation is odd, as tanh is.
"""

import numpy as np
import torch

from degeneracy.errors import UserError
from degeneracy.networks.population import Population


def by_unit(population: Population) -> tuple[np.ndarray, np.ndarray]:
    """Recurrent weights (network, unit, source_unit), and all else that a unit owns (network, unit, feature).

    The features are the unit's entries of every other parameter with a dimension `unit`, side by side: its input
    weights, bias and readout. Parameters that no unit owns, such as the bias of the readout, are left out.
    Raises UserError unless exactly one parameter has the dims (unit, source_unit) and no other has a source_unit.
    """
    parameters, dims = population.parameters, population.cell.parameter_dims()
    recurrent = [name for name, own in dims.items() if "source_unit" in own]
    if [dims[name] for name in recurrent] != [("unit", "source_unit")]:
        raise UserError(f"one parameter (unit, source_unit) is needed to match units; the cell has {dims}")
    owned = []
    for name, own in dims.items():
        if "unit" in own and name not in recurrent:
            first = np.moveaxis(parameters[name], 1 + own.index("unit"), 1)  # (network, unit, …)
            owned.append(first.reshape(*first.shape[:2], -1))
    return parameters[recurrent[0]].astype(float), np.concatenate(owned, axis=2).astype(float)


def signs_are_free(population: Population) -> bool:
    """Whether turning the signs of units changes nothing that the population's cell does.

    Tried on the first network: random signs, states and inputs must give the same next state, its signs turned, and
    the same output.
    """
    cell, generator = population.cell, np.random.default_rng(0)
    turned, parameters = {}, {name: values[:1].astype(float) for name, values in population.parameters.items()}
    signs = np.where(np.arange(population.networks.sizes["unit"]) % 2, 1.0, -1.0)
    for name, own in cell.parameter_dims().items():
        turned[name] = parameters[name]
        for axis, dim in enumerate(own, 1):
            if dim in ("unit", "source_unit"):
                turned[name] = turned[name] * np.expand_dims(signs, [*range(axis), *range(axis + 1, len(own) + 1)])
    parameters, turned = ({name: torch.as_tensor(x) for name, x in each.items()} for each in (parameters, turned))
    state = torch.as_tensor(generator.standard_normal((1, len(signs))))
    inputs = torch.as_tensor(generator.standard_normal((1, population.networks.sizes["input"])))
    after, turned_after = (
        cell.step(each, start, inputs)
        for each, start in ((parameters, state), (turned, state * torch.as_tensor(signs)))
    )
    same_state = torch.allclose(turned_after, after * torch.as_tensor(signs), rtol=1e-9, atol=1e-12)
    return same_state and torch.allclose(
        cell.readout(turned, turned_after), cell.readout(parameters, after), rtol=1e-9, atol=1e-12
    )
