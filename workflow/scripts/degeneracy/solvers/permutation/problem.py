"""One pair of networks, and the quadratic assignment problem that it poses."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True)
class Problem:
    """The overlap to maximise, scaled so that it does not exceed 1.

    a, b    (unit, unit) recurrent weights of network 1 and 2
    linear  (unit, unit) F₁F₂ᵀ
    signed  whether the sign of a unit is free
    """

    a: np.ndarray
    b: np.ndarray
    linear: np.ndarray
    signed: bool

    def overlap(self, p, s) -> float:
        moved = np.outer(s, s) * self.b[np.ix_(p, p)]  # (unit, unit)
        return float(np.vdot(self.a, moved) + s @ self.linear[np.arange(len(p)), p])


@dataclass(frozen=True)
class Pair:
    """Two networks as given.

    w1, w2  (unit, unit) recurrent weights
    f1, f2  (unit, feature) everything else that belongs to a unit
    signed  whether the sign of a unit is free
    """

    w1: np.ndarray
    f1: np.ndarray
    w2: np.ndarray
    f2: np.ndarray
    signed: bool

    def is_out_of_order(self) -> bool:
        """Whether network 1 sorts after network 2, by the first entry in which they differ."""
        difference = np.concatenate([(self.w1 - self.w2).ravel(), (self.f1 - self.f2).ravel()])
        return bool(difference[np.argmax(difference != 0)] > 0)

    def exchanged(self) -> "Pair":
        return Pair(self.w2, self.f2, self.w1, self.f1, self.signed)

    def norms(self) -> list[float]:
        """√(‖W‖² + ‖F‖²) of both networks, or 1 where that is 0."""
        networks = (self.w1, self.f1), (self.w2, self.f2)
        return [np.sqrt(np.sum(w**2) + np.sum(f**2)) or 1.0 for w, f in networks]

    def problem(self) -> Problem:
        first, second = self.norms()
        return Problem(self.w1 / first, self.w2 / second, self.f1 @ self.f2.T / (first * second), self.signed)

    def distance(self, p, s) -> float:
        """√(‖W₁ − PᵀW₂P‖² + ‖F₁ − PᵀF₂‖²) at a matching."""
        w_gap = self.w1 - np.outer(s, s) * self.w2[np.ix_(p, p)]  # (unit, unit)
        f_gap = self.f1 - s[:, None] * self.f2[p]  # (unit, feature)
        return float(np.sqrt(np.sum(w_gap**2) + np.sum(f_gap**2)))


def best_vertex(scores, signed):
    """The matching with the largest ⟨Q, scores⟩. When signed: an assignment on |scores|, then their signs."""
    p = linear_sum_assignment(np.abs(scores) if signed else scores, maximize=True)[1]
    s = np.where(signed & (scores[np.arange(len(p)), p] < 0), -1.0, 1.0).astype(scores.dtype)
    return p, s


def best_signs(problem, p):
    """Good signs (unit,) for a permutation, by their overlap.

    The candidates are the signs of the leading eigenvector of C, the product of corresponding weights, both ways
    round, and those of the features' products.
    """
    if not problem.signed:
        return np.ones(len(p))
    agreement = problem.a * problem.b[np.ix_(p, p)]  # (unit, unit) C: the weights add sᵀCs to the overlap
    leading = np.linalg.eigh(agreement + agreement.T)[1][:, -1]  # (unit,)
    features = problem.linear[np.arange(len(p)), p]  # (unit,)
    candidates = [np.where(v < 0, -1.0, 1.0) for v in (leading, -leading, features)]
    return max(candidates, key=lambda s: problem.overlap(p, s))
