"""The basis of states in which activations and gradients are orthogonal, and its interactions (Bushnaq et al. 2024).

In this local interaction basis the coordinates of the states h are uncorrelated, and so are the
gradients of the outputs by them. With the covariance A of the states and the mean M of the gradients' outer products,
its directions are the eigenvectors of A^½ M A^½, and an eigenvalue says how much a direction varies times how much the
outputs heed it. `value` is the number of directions that it keeps: those whose eigenvalue has a root above `tolerance`
times that of the largest.

An interaction is the root mean square of the derivative of one coordinate by another one a step before, times the SD of
the earlier one and the root mean square of the gradient by the later one, so that the scale of a coordinate does not
count. `interactions` is the share of the pairs of coordinates that interact: the participation ratio of the squared
interactions over the number of pairs. The fewer, the sparser; `unit_interactions` is the same of the units.

Where an RNN needs a choice, it is ours: all steps of the first `trials` probe trials are one layer, the gradients are
those of random sums of the outputs of all later steps that count in the loss, and interactions are root mean squares
in the place of integrated gradients.
"""

from typing import Annotated

import numpy as np

from degeneracy.plugins.options import Range

LEVEL = "representation"
GPU = True
MEASURES = {
    "value": ("directions of the interaction basis", "1"),
    "interactions": ("share of pairs that interact in the interaction basis", "1"),
    "unit_interactions": ("share of pairs of units that interact", "1"),
}
SYMMETRY = "signed"
NEEDS = ("readout", "inputs", "targets")
RANGE = {"value": (1, None), "interactions": (0, 1), "unit_interactions": (0, 1)}
GRADIENTS = 32  # random sums of outputs


def value(
    population,
    *,
    trials: Annotated[int, Range(1)] = 16,
    tolerance: Annotated[float, Range(0, 1)] = 0.01,
) -> dict[str, np.ndarray]:
    """The measures (network), and `eigenvalues` (network, direction) of the basis."""
    from degeneracy.metrics import _loss  # which loads torch
    from degeneracy.metrics._trials import Trials

    def of_network(loss, vector) -> dict | str:
        found = shares_of(loss, loss.parameters(vector), tolerance)
        return found if found["value"] else "its states do not vary, or its outputs do not depend on them"

    return _loss.of_each(population, Trials.of(population, "probe", trials), MEASURES, of_network)


def shares_of(loss, parameters: dict, tolerance: float) -> dict:
    """What `value` returns, of one network."""
    import torch

    from degeneracy.metrics import _directions

    gradients, states = _directions.gradients_of_states(loss, parameters, GRADIENTS)
    gradients, centred = gradients.flatten(0, -2), (states - states.mean((0, 1))).flatten(0, 1)
    covariance = centred.T @ centred / len(centred)
    heeded = gradients.T @ gradients / len(centred)
    sizes, values, basis, back = interaction_basis(covariance, heeded, tolerance)
    unit = torch.eye(len(covariance)).to(basis)
    scales = covariance.diagonal().sqrt(), heeded.diagonal().sqrt()
    squares = [values.new_zeros(len(values), len(values)), torch.zeros_like(unit)]
    for before, now in zip(states[:-1], loss.trials.inputs[1:], strict=True):
        jacobian = loss.cell.jacobian(parameters, before, now)
        squares[0] += (basis @ jacobian @ back).square().sum(0) * values
        squares[1] += (scales[1][:, None] * jacobian * scales[0]).square().sum(0)
    names = "interactions", "unit_interactions"
    found = {name: share_of_pairs(each) for name, each in zip(names, squares, strict=True)}
    return {"value": len(values), "eigenvalues": sizes} | found


def share_of_pairs(squares) -> float:
    """Participation ratio of squared interactions (later, earlier) over the number of pairs."""
    return (squares.sum().square() / squares.square().sum() / squares.numel()).item() if squares.numel() else np.nan


def interaction_basis(covariance, heeded, tolerance: float) -> tuple:
    """All eigenvalues of A^½ M A^½, those that are kept, the matrix that makes coordinates of states, and its inverse.

    In the coordinates the covariance is diagonal, with the eigenvalues, and the gradients are white.
    """
    import torch

    varied, vectors = torch.linalg.eigh(covariance)
    root = varied.clamp_min(0).sqrt()
    sizes, turn = torch.linalg.eigh(root[:, None] * (vectors.T @ heeded @ vectors) * root)
    kept = (sizes > tolerance**2 * sizes[-1]) & (sizes > 0)
    scale = sizes[kept].sqrt()
    # coordinates Λ^½ Vᵀ D^{−½} Uᵀ h; by Λ V = D^½ Uᵀ M U D^½ V this is Λ^{−½} Vᵀ D^½ Uᵀ M h, without an inverse of D
    half = vectors * root @ turn[:, kept]  # U D^½ V
    return sizes.flip(0).cpu().numpy(), sizes[kept], (half / scale).T @ heeded, half / scale
