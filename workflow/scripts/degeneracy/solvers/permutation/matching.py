"""Distance between recurrent networks up to a relabelling and sign flip of their units, for batches of pairs."""

from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from degeneracy.solvers.permutation.annealing import random_starts
from degeneracy.solvers.permutation.bound import lower_bound
from degeneracy.solvers.permutation.problem import Pair, Problem, best_signs

MOST_UNITS = 8  # for an exact answer; signed pairs take milliseconds at 8, and ten times as long for each unit more
STARTS = 20  # of a search, each taken to a local minimum
ROUNDS = (6, 100), (2, 1000)  # how many of the best go on to tabu search, and its patience
GIVEN = 100  # patience of the search from a given matching
AGREEMENT = 1e-10  # two distances that differ by less, relative to the norms, are of the same minimum


@dataclass(frozen=True)
class Matching:
    """The best matching of each pair: W₁[i, j] ≈ signs[i] signs[j] W₂[permutation[i], permutation[j]].

    distance     (pair,) the value at the matching, evaluated in float64: an upper bound of the minimum
    lower_bound  (pair,) proven: no matching is closer; the distance itself up to 8 units
    permutation  (pair, unit) the unit of network 2 that plays unit i of network 1
    signs        (pair, unit) ±1; all +1 unless signed
    spread       (pair,) the largest minus the smallest distance that the searches found; 0 where it is exact
    """

    distance: np.ndarray
    lower_bound: np.ndarray
    permutation: np.ndarray
    signs: np.ndarray
    spread: np.ndarray

    def measures(self, **scales) -> dict[str, np.ndarray]:
        """The measures that a metric reports: the distance, its bound and the spread, all (pair,).

        For each named scale (pair,) also the distance and the bound divided by it.
        """
        values = {"distance": self.distance, "lower_bound": self.lower_bound, "spread": self.spread}
        for name, scale in scales.items():
            values |= {name: self.distance / scale, f"{name}_lower_bound": self.lower_bound / scale}
        return values

    @property
    def transform(self) -> np.ndarray:
        """The matrices P (pair, unit, unit) with W₁ ≈ PᵀW₂P and F₁ ≈ PᵀF₂."""
        pairs, units = self.permutation.shape
        matrices = np.zeros((pairs, units, units))
        matrices[np.arange(pairs)[:, None], self.permutation, np.arange(units)] = self.signs
        return matrices


def matching_distance(w1, w2, signed=False, *, searches=10, extra_starts=None, seed=0) -> Matching:
    """Distance between recurrent weights up to a relabelling of units: min over P of ‖W₁ − PᵀW₂P‖_F.

    w1, w2: (pair, unit, unit), or (unit, unit) for one pair; arrays or tensors. The distance has their unit.
    signed: whether P is a signed permutation (entries −1, 0, 1), the symmetry of a tanh network, or a permutation.
    searches: independent searches per pair, at most. They end once two find the same best distance, once half of the
    starts of one reach the same best minimum, or once the lower bound is met. Up to 8 units the distance is exact.
    extra_starts: matchings (pair, unit) or (pair, start, unit) to refine as well, for example from the units' activity.
    seed: of the starts. Every pair uses the same, so a result does not depend on its batch.

    Raises ValueError for shapes that do not match, entries that are not finite (naming the pair), no searches, and
    extra starts that are not permutations.

    Source: the quadratic assignment form is that of Vogelstein et al. 2015, eq. 5, the annealing that of Gold &
    Rangarajan 1996 (softassign), and the tabu search that of Taillard 1991, with units held instead of places. We do
    not use the Frank–Wolfe method of the first (FAQ): its start, the barycentre, is poor for weights of mean zero.

    Example:
        >>> weights, order = np.arange(9.0).reshape(3, 3), [2, 0, 1]
        >>> matching_distance(weights[order][:, order], weights).permutation
        array([[2, 0, 1]])
    """
    w1, w2 = _batch(w1, "w1"), _batch(w2, "w2")
    none1, none2 = np.zeros((*w1.shape[:2], 0)), np.zeros((*w2.shape[:2], 0))
    options = {"searches": searches, "extra_starts": extra_starts, "seed": seed}
    return joint_matching_distance(w1, none1, w2, none2, signed, **options)


def joint_matching_distance(
    w1, features1, w2, features2, signed=False, *, searches=10, extra_starts=None, seed=0
) -> Matching:
    """Distance between whole networks: min over P of √(‖W₁ − PᵀW₂P‖² + ‖F₁ − PᵀF₂‖²).

    features1, features2: (pair, unit, feature), or (unit, feature) for one pair. They hold everything else that belongs
    to a unit, side by side: its rows of the input weights and bias and its column of the readout. They are relabelled
    (and flipped) with the unit.
    All other arguments, errors and sources are those of `matching_distance`, which is the case without features.
    """
    w1, w2 = _batch(w1, "w1"), _batch(w2, "w2")
    features1, features2 = _batch(features1, "features1"), _batch(features2, "features2")
    _check(w1, features1, w2, features2)
    if searches < 1:
        raise ValueError(f"searches is {searches}; at least 1 is needed")
    extra_starts = _check_extra_starts(extra_starts, *w1.shape[:2])
    results = [
        _match_in_canonical_order(Pair(*networks, signed), extra, searches, seed)
        for *networks, extra in zip(w1, features1, w2, features2, extra_starts, strict=True)
    ]
    distance, lower_bound, permutation, signs, spread = (np.array(column) for column in zip(*results, strict=True))
    return Matching(distance, lower_bound, permutation, signs, spread)


def _batch(values, name):
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    values = np.asarray(values, dtype=np.float64)
    if values.ndim not in (2, 3):
        raise ValueError(f"{name} has shape {values.shape}; (pair, unit, …) or (unit, …) with one more axis is needed")
    return values if values.ndim == 3 else values[None]


def _check(w1, features1, w2, features2):
    for name, weights in (("w1", w1), ("w2", w2)):
        if weights.shape[1] != weights.shape[2] or weights.shape[1] == 0:
            raise ValueError(f"{name} has shape {weights.shape}; (pair, unit, unit) with at least one unit is needed")
    if w1.shape != w2.shape or len(w1) == 0:
        raise ValueError(f"w1 has shape {w1.shape} and w2 {w2.shape}; they must be the same, with at least one pair")
    if features1.shape != features2.shape or features1.shape[:2] != w1.shape[:2]:
        raise ValueError(
            f"features1 has shape {features1.shape} and features2 {features2.shape}; "
            f"both must be (pair, unit, feature) with {w1.shape[0]} pairs and {w1.shape[1]} units"
        )
    for name, values in (("w1", w1), ("features1", features1), ("w2", w2), ("features2", features2)):
        finite = np.isfinite(values).all((1, 2))  # (pair,)
        if not finite.all():
            raise ValueError(f"{name} of pair {int(np.argmin(finite))} has entries that are not finite")


def _check_extra_starts(extra_starts, pairs, units):
    if extra_starts is None:
        return np.zeros((pairs, 0, units), dtype=int)
    extra_starts = np.asarray(extra_starts)
    if extra_starts.ndim < 3:
        extra_starts = extra_starts.reshape(-1, 1, extra_starts.shape[-1])
    allowed = f"(pair, unit) or (pair, start, unit) permutations of {units} units for {pairs} pairs are needed"
    if extra_starts.ndim != 3 or (len(extra_starts), extra_starts.shape[-1]) != (pairs, units):
        raise ValueError(f"extra_starts has shape {extra_starts.shape}; {allowed}")
    if not (np.sort(extra_starts, -1) == np.arange(units)).all():
        raise ValueError(f"extra_starts holds rows that are not permutations; {allowed}")
    return extra_starts.astype(int)


class _Minimum(NamedTuple):
    """A local minimum of one pair: its distance and matching, p and s (unit,)."""

    distance: float
    p: np.ndarray
    s: np.ndarray


_by_distance = attrgetter("distance")


@dataclass(frozen=True)
class _Search:
    """Searches for the minimum of one pair; distances that differ by less than `same` are of the same minimum."""

    pair: Pair
    problem: Problem
    rng: np.random.Generator
    same: float

    def minimum(self, p, s, patience) -> _Minimum:
        from degeneracy.solvers.permutation.tabu import improved  # only here: the compiler takes half a second to load

        p, s = improved(self.problem, p, s, patience, self.rng)
        return _Minimum(self.pair.distance(p, s), p, s)

    def reached(self, distances) -> int:
        """How many of the distances are the smallest one."""
        return int(np.sum(np.array(distances) - min(distances) <= self.same))

    def tournament(self) -> tuple[_Minimum, bool]:
        """The best minimum from many starts, of which fewer and fewer go on, and whether half reached it at once."""
        minima = [self.minimum(p, s, 0) for p, s in random_starts(self.problem, STARTS, self.rng)]
        if 2 * self.reached([minimum.distance for minimum in minima]) >= STARTS:
            return min(minima, key=_by_distance), True
        for kept, patience in ROUNDS:
            minima = [self.minimum(p, s, patience) for _, p, s in sorted(minima, key=_by_distance)[:kept]]
        return min(minima, key=_by_distance), False


def _match_in_canonical_order(pair, extra, searches, seed):
    """Match so that exchanging the two networks changes nothing: the network that sorts first goes first."""
    exchanged = pair.is_out_of_order()
    if exchanged:
        pair, extra = pair.exchanged(), np.argsort(extra, axis=-1)
    exact = len(pair.w1) <= MOST_UNITS
    distance, bound, p, s, spread = _match_exactly(pair) if exact else _match(pair, extra, searches, seed)
    if exchanged:
        p = np.argsort(p)
        s = s[p]
    return distance, bound, p, s, spread


def _match_exactly(pair):
    """Distance, lower bound, permutation, signs and spread of one pair of a few units."""
    from degeneracy.solvers.permutation.exact import optimum  # only here: as above

    units = len(pair.w1)
    p, s = optimum(pair.problem(), np.arange(units), np.ones(units))
    distance = pair.distance(p, s)
    return distance, distance, p, s, 0.0


def _match(pair, extra, searches, seed):
    """Distance, lower bound, permutation, signs and spread of one pair; extra: (start, unit)."""
    problem, bound, rng = pair.problem(), lower_bound(pair), np.random.default_rng(seed)
    search = _Search(pair, problem, rng, AGREEMENT * sum(pair.norms()))
    winners = []
    for _ in range(searches):
        winner, agreed = search.tournament()
        winners.append(winner)
        distances = [each.distance for each in winners]
        if agreed or min(distances) <= bound or search.reached(distances) > 1:
            break
    # Networks that share an ancestor have their units in order already.
    given = [(np.arange(len(pair.w1)), np.ones(len(pair.w1))), *((p, best_signs(problem, p)) for p in extra)]
    best = min([*winners, *(search.minimum(p, s, GIVEN) for p, s in given)], key=_by_distance)
    return best.distance, bound, best.p, best.s, max(distances) - min(distances)
