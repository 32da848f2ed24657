"""The symmetries of the units of a network: their order and, where the activation is odd, their signs.

Reordering the units changes no output. Flipping the sign of a unit (of its bias, its rows of the recurrent and input
weights, its columns of the recurrent weights and of the readout) changes no output where the activation is odd, as tanh
is.
"""

import numpy as np

from degeneracy.cells import state_size
from degeneracy.errors import UserError
from degeneracy.metrics._weights import MATRIX, recurrent_weights
from degeneracy.networks.population import Population
from degeneracy.solvers.permutation import joint_matching_distance


def matched(a: dict, b: dict, **scales) -> dict[str, np.ndarray]:
    """Measures (pair) of the distance √(‖W_1 − Pᵀ W_2 P‖² + ‖F_1 − Pᵀ F_2‖²), minimised over the matchings P of units.

    The features of a pair are `weights` W (pair, unit, source_unit) and, where the metric has them, `owned` F (pair,
    unit, feature) and `signed` (pair): whether P is a signed permutation, not only a permutation. `relative` is the
    distance over √(size_1 size_2), where size² = ‖W‖² + ‖F‖². For each named scale (pair,) there is also the distance
    divided by it. `spread` is the spread of the minima that were reached from several starts, and `lower_bound` is what
    no P can beat.
    """
    weights = [features["weights"] for features in (a, b)]
    owned = [features.get("owned", np.zeros((*features["weights"].shape[:2], 0))) for features in (a, b)]
    signed = "signed" in a and bool(np.all(a["signed"] & b["signed"]))
    found = joint_matching_distance(weights[0], owned[0], weights[1], owned[1], signed)
    sizes = [np.sqrt(np.square(w).sum((1, 2)) + np.square(f).sum((1, 2))) for w, f in zip(weights, owned, strict=True)]
    measures = found.measures(relative=np.sqrt(sizes[0] * sizes[1]), **scales)
    return measures | ({"signed": np.full(len(sizes[0]), float(signed))} if "signed" in a else {})


def by_unit(population: Population) -> tuple[np.ndarray, np.ndarray]:
    """Recurrent weights (network, unit, source_unit), and everything else that a unit owns (network, unit, feature).

    The features are the entries of the unit in every other parameter with a dimension `unit`, side by side: its input
    weights, bias and readout. Parameters that no unit owns, such as the bias of the readout, are left out.
    So are factors of the recurrent weights, which are the same up to an invertible matrix between them.
    Raises UserError if several parameters have the dims (unit, source_unit).
    """
    parameters, dims = population.parameters, population.cell.parameter_dims()
    if sum(own == MATRIX for own in dims.values()) > 1:
        raise UserError(f"one parameter (unit, source_unit) is needed to match units; the cell has {dims}")
    owned = []
    for name, own in dims.items():
        if "unit" in own and {*own} <= {"unit", "input", "output"}:
            first = np.moveaxis(parameters[name], 1 + own.index("unit"), 1)  # (network, unit, …)
            owned.append(first.reshape(*first.shape[:2], -1))
    return recurrent_weights(population), np.concatenate(owned, axis=2).astype(float)


def kinds(population: Population) -> np.ndarray:
    """The kind of each unit (unit), as a number: only units of a kind can change places without a change of outputs."""
    width = population.networks.sizes["unit"]
    rectified = getattr(population.cell, "rectified", 0)  # the last units of an almost-linear cell
    return (np.arange(width) >= width - rectified).astype(float)


def signs_are_free(population: Population) -> bool:
    """Whether flipping the signs of units changes no output of the population's cell.

    We test the first network: with flipped signs, a random state and random inputs must give the same next state with
    flipped signs, and the same output.
    """
    import torch  # only here: distances of weights alone do without it

    cell, generator = population.cell, np.random.default_rng(0)
    flipped, parameters = {}, {name: values[:1].astype(float) for name, values in population.parameters.items()}
    signs = np.where(np.arange(population.networks.sizes["unit"]) % 2, 1.0, -1.0)
    for name, own in cell.parameter_dims().items():
        flipped[name] = parameters[name]
        for axis, dim in enumerate(own, 1):
            if dim in ("unit", "source_unit"):
                flipped[name] = flipped[name] * np.expand_dims(signs, [*range(axis), *range(axis + 1, len(own) + 1)])
    parameters, flipped = ({name: torch.as_tensor(x) for name, x in each.items()} for each in (parameters, flipped))
    signs = np.tile(signs, state_size(cell) // len(signs))  # (state,)
    state = torch.as_tensor(generator.standard_normal((1, len(signs))))
    inputs = torch.as_tensor(generator.standard_normal((1, population.networks.sizes["input"])))
    after, flipped_after = (
        cell.step(each, start, inputs)
        for each, start in ((parameters, state), (flipped, state * torch.as_tensor(signs)))
    )
    same_state = torch.allclose(flipped_after, after * torch.as_tensor(signs), rtol=1e-9, atol=1e-12)
    return same_state and torch.allclose(
        cell.readout(flipped, flipped_after), cell.readout(parameters, after), rtol=1e-9, atol=1e-12
    )
