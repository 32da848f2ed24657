"""How well the linear models of `dsa` foretell the states of a network, for a grid of delays and ranks.

We fit the operator on one half of the probe trials and foretell the other half with it, one step and `steps` steps
ahead. An error is the share of the variance of the states that the forecast leaves unexplained. The value of a network
is the smallest error `steps` steps ahead over the grid: what is not linear in its dynamics, or comes from its inputs.
Beside it we store for each setting, NaN where the embedded states have a lower rank:

    error_one_step, error  one step and `steps` steps ahead
    gap                    last singular value that is kept over the next one; 1 where the rank cuts a block of equals
    dsa_distance           mean `dsa` distance from the next networks, between the halves of the probe trials
    dsa_floor              the same from itself
"""

from typing import Annotated

import numpy as np
from scipy.linalg import eigvalsh

from degeneracy.errors import UserError
from degeneracy.metrics import _operators
from degeneracy.plugins.options import Range
from degeneracy.solvers.orthogonal import conjugation_distance
from degeneracy.trials.halves import split_distinct

LEVEL = "dynamics"
MEASURES = {"value": ("held-out error of the best linear model", "1")}
RANGE = {"value": (0, None)}
SYMMETRY = "rotation"
NEEDS = ("inputs",)  # the trials are halved by them
DELAYS = (1, 3, 5, 10)
RANKS = (4, 6, 8, 10, 12, 16, 20, 24, 32)
TRIALS = 256  # of the probe trials, at most
COMPARED, NEXT = 12, 3  # networks that are compared, at most, each with so many others


def value(population, *, steps: Annotated[int, Range(1)] = 5) -> dict[str, np.ndarray]:
    """The value of each network (network), and the rest of the above (network, delays, rank)."""
    halves = split_distinct(population.trials("probe")["inputs"].values[:TRIALS])
    halves = halves if halves[1] else (halves[0], halves[0])  # equal trials: nothing to hold out
    found = [
        of_network(states[:TRIALS], halves, steps, f"dsa_settings: network {seed}")
        for states, seed in zip(population.states, population.seeds, strict=True)
    ]
    measured = {key: np.stack([each[key] for each in found]) for key in ("error_one_step", "error", "gap")}
    best = np.fmin.reduce(measured["error"].reshape(len(found), -1), axis=1)
    return {"value": best} | measured | compare([each["operators"] for each in found])


def of_network(states: np.ndarray, halves: tuple[list, list], steps: int, name: str) -> dict:
    """Errors and gaps (delays, rank) of one network's states (trial, time, unit), and the normalised operators of both
    halves of the trials by place in the grid.
    """
    grid = np.full((3, len(DELAYS), len(RANKS)), np.nan)
    operators = {}
    for row, delays in enumerate(DELAYS):
        embedding = _of_highest_rank(states, delays, name)
        if embedding is None or embedding.scores.shape[1] <= steps:
            continue
        scores, newest = embedding.scores, states[:, delays - 1 :]
        power = np.maximum(eigvalsh(embedding.gram)[::-1], 0)
        power = np.append(np.maximum(power, _operators.RESOLVED * power[0]), _operators.RESOLVED * power[0])
        own, other = (_moments(scores[half], scores[half], 1) for half in halves)
        near, far = (_moments(scores[halves[1]], newest[halves[1]], ahead) for ahead in (1, steps))
        readout = _moments(scores[halves[0]], newest[halves[0]], 0)
        for column, rank in enumerate(rank for rank in RANKS if rank <= scores.shape[-1]):
            models = [_regression(each, rank)[:rank] for each in (own, other)]
            seen = _regression(readout, rank)  # (unit, rank)
            errors = [_error(seen @ np.linalg.matrix_power(models[0], n), m) for n, m in ((1, near), (steps, far))]
            grid[:, row, column] = *errors, np.sqrt(power[rank - 1] / power[rank])
            operators[row, column] = [each / np.linalg.norm(each) for each in models]
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
