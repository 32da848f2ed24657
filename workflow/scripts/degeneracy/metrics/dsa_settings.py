"""How well the linear models of `dsa` predict the states of a network, for a grid of delays and ranks.

We fit the operator on the probe trials and predict the replicate trials with it, one step and `steps` steps ahead. An
error is the share of the variance of the states that the forecast leaves unexplained. The value of a network is the
smallest error `steps` steps ahead over the grid: what is not linear in its dynamics, or comes from its inputs.
Beside it we store for each setting, NaN where the embedded states have a lower rank:

    error_one_step, error  one step and `steps` steps ahead
    gap                    last singular value that is kept over the next one; 1 where the rank cuts a block of equals
    dsa_distance           mean `dsa` distance from the next networks, on probe and replicate trials
    dsa_floor              the same from itself
"""

from typing import Annotated

import numpy as np
from scipy.linalg import eigvalsh

from degeneracy.errors import UserError
from degeneracy.metrics import _operators
from degeneracy.plugins.options import Range
from degeneracy.solvers.orthogonal import conjugation_distance

LEVEL = "dynamics"
MEASURES = {"value": ("held-out error of the best linear model", "1")}
RANGE = {"value": (0, None)}
SYMMETRY = "rotation"
NEEDS = ("replicate",)
DELAYS = (1, 3, 5, 10)
RANKS = (4, 6, 8, 10, 12, 16, 20, 24, 32)
TRIALS = 256  # of each group, at most
COMPARED, NEXT = 12, 3  # networks that are compared, at most, each with so many others


def value(population, *, steps: Annotated[int, Range(1)] = 5) -> dict[str, np.ndarray]:
    """The value of each network (network), and the rest of the above (network, delays, rank)."""
    both = population.states_of_each(TRIALS), population.replicate().states_of_each(TRIALS)
    found = [
        of_network(*states, steps, f"dsa_settings: network {seed}")
        for *states, seed in zip(*both, population.seeds, strict=True)
    ]
    measured = {key: np.stack([each[key] for each in found]) for key in ("error_one_step", "error", "gap")}
    best = np.fmin.reduce(measured["error"].reshape(len(found), -1), axis=1)
    return {"value": best} | measured | compare([each["operators"] for each in found])


def of_network(states: np.ndarray, others: np.ndarray, steps: int, name: str) -> dict:
    """Errors and gaps (delays, rank) of one network's states (trial, time, unit) on the probe and on the replicate
    trials, and the normalised operators of both by place in the grid.

    Models that are tried on the other group are fitted in the principal directions of both groups; the operators are
    those of `dsa`, each in the directions of its group.
    """
    together = np.concatenate([states, others])
    fitted, held_out = slice(len(states)), slice(len(states), None)
    grid = np.full((3, len(DELAYS), len(RANKS)), np.nan)
    operators = {}
    for row, delays in enumerate(DELAYS):
        embeddings = [_of_highest_rank(each, delays, name) for each in (together, states, others)]
        if None in embeddings or embeddings[0].scores.shape[1] <= steps:
            continue
        embedding, *of_groups = embeddings
        scores, newest = embedding.scores, together[:, delays - 1 :]
        power = np.maximum(eigvalsh(embedding.gram)[::-1], 0)
        power = np.append(np.maximum(power, _operators.RESOLVED * power[0]), _operators.RESOLVED * power[0])
        own = _moments(scores[fitted], scores[fitted], 1)
        near, far = (_moments(scores[held_out], newest[held_out], ahead) for ahead in (1, steps))
        readout = _moments(scores[fitted], newest[fitted], 0)
        of_groups = [_moments(each.scores, each.scores, 1) for each in of_groups]
        for column, rank in enumerate(rank for rank in RANKS if rank <= scores.shape[-1]):
            model = _regression(own, rank)[:rank]
            seen = _regression(readout, rank)  # (unit, rank)
            errors = [_error(seen @ np.linalg.matrix_power(model, n), m) for n, m in ((1, near), (steps, far))]
            grid[:, row, column] = *errors, np.sqrt(power[rank - 1] / power[rank])
            if all(len(each[0]) >= rank for each in of_groups):
                found = [_regression(each, rank)[:rank] for each in of_groups]
                operators[row, column] = [each / np.linalg.norm(each) for each in found]
    return dict(zip(("error_one_step", "error", "gap"), grid, strict=True)) | {"operators": operators}


def _of_highest_rank(states: np.ndarray, delays: int, name: str) -> _operators.Embedding | None:
    """The embedding of the highest rank of the grid that the embedded states have; lower ranks are its first scores."""
    for rank in reversed(RANKS):
        try:
            return _operators.embed(states, delays, 1, rank, name)
        except UserError:
            continue
    return None


def _moments(scores: np.ndarray, values: np.ndarray, ahead: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """⟨z zᵀ⟩, ⟨x zᵀ⟩, ⟨x xᵀ⟩ and the variance of x, for scores z (trial, window, rank) and later values x."""
    z = scores[:, : scores.shape[1] - ahead].reshape(-1, scores.shape[-1])
    x = values[:, ahead:].reshape(-1, values.shape[-1])
    return z.T @ z / len(z), x.T @ z / len(z), x.T @ x / len(z), float(x.var(0).sum())


def _regression(moments: tuple, rank: int) -> np.ndarray:
    """Least-squares matrix (value, rank) that gives the values from the first scores."""
    return np.linalg.solve(moments[0][:rank, :rank], moments[1][:, :rank].T).T


def _error(model: np.ndarray, moments: tuple) -> float:
    """Share of the variance that the forecast `model` (value, rank) leaves unexplained."""
    rank = model.shape[1]
    squares, products, own, variance = moments
    left = np.trace(own) - 2 * np.sum(model * products[:, :rank]) + np.sum(model @ squares[:rank, :rank] * model)
    return left / variance


def compare(operators: list[dict]) -> dict[str, np.ndarray]:
    """`dsa_distance` and `dsa_floor` (network, delays, rank) of the first networks; NaN for the others."""
    found = np.full((2, len(operators), len(DELAYS), len(RANKS)), np.nan)
    compared = operators[:COMPARED]
    for row, column in {place for each in compared for place in each}:
        known = [index for index, each in enumerate(compared) if (row, column) in each]
        pairs = [
            (one, known[(at + ahead) % len(known)])
            for at, one in enumerate(known)
            for ahead in range(min(NEXT, len(known) - 1) + 1)
        ]
        a, b = (np.stack([compared[pair[side]][row, column][side] for pair in pairs]) for side in (0, 1))
        distances = conjugation_distance(a, b).distance.reshape(len(known), -1)  # (network, other), itself first
        found[1, known, row, column] = distances[:, 0]
        if distances.shape[1] > 1:
            found[0, known, row, column] = distances[:, 1:].mean(1)
    return {"dsa_distance": found[0], "dsa_floor": found[1]}
