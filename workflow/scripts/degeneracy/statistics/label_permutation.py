"""Permutation test of a trend of degeneracy over the levels of a sweep: networks are exchanged between levels.

The p-value is the largest one of up to three tests, because each has false alarms where another has none:

- **Networks.** We permute the labels of the networks themselves: over the whole matrix of distances, across levels as
  well as within, or over the values of a scalar metric. This test is exact if the levels do not differ at all (Anderson
  2001), however far a few odd networks are from the others. Where levels are apart and one has an odd network, it
  raises false alarms.
- **Deviations.** We permute the deviation of every network from the centre of its own level (Anderson 2006, PERMDISP;
  Brown & Forsythe 1974): its distance from the spatial median, or from the mean of the shortest half of the values.
  This test does not see where levels are. Its centres are estimates, so it is not exact, and needs them to be robust.
- **Contributions.** For distances, we also permute the contribution a of every network in a fit d_ij ≈ a_i + a_j by
  least squares; 2 a is the jackknife pseudo-value n θ − (n−1) θ_(i). This test needs no centre, which under SVCCA may
  be a network that is near all others. Where it stands without the test of networks, the fit leaves out the eighth of
  the pairs that fit least (Rousseeuw 1984), because the distance between two odd networks shifts the contributions of
  all others: for weights, 19 and 23% false alarms with two and three odd networks. It then sees less of a change of
  the number of groups that the networks of a level form.

All compare the trend divided by its jackknife standard error, which keeps the size when levels differ in shape and the
number of networks grows (Janssen 1997; Pauly, Brunner & Konietschke 2015). A metric that cannot compare networks of two
conditions has no test of networks, and a mean of values no other.

False alarms at 5% (tests/benchmarks/false_alarms.py, 200 repeats): 0.5 to 6% for 8 + 8 networks with 0 to 3 odd ones,
at levels together or apart; 1.5 to 7% for other designs with a tenth odd. Sixteen real networks of one condition, 0 to
3 of them odd (four tasks, 400 repeats): distances 0 to 6%, also without those across levels, values 0.5 to 6.5%; two
cells of 7.2 and 7.8% are 4.7 and 5.5% in 2,000. A halving is seen by 20 + 20 networks in 99% of cases for a mean
distance in three dimensions, 75% for the SD of normal values or of logarithms, 40 to 45% with tails of Student's t (3
degrees of freedom).
"""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy import stats

from degeneracy.statistics.resampling import Estimator, mean_distances, moment_estimates
from degeneracy.statistics.spreads import Spread
from degeneracy.statistics.trend import trend_weights

RELABELLINGS = 9999  # at most; where there are fewer, the test enumerates all of them
BATCH = 1000  # relabellings at once
TIE = 1e-9  # relative: equal except for rounding
EXACT = 1e-24  # squared standard error below which values of order one are all equal
STEPS = 100  # of the spatial median, and of a fit that leaves out pairs
MOST = 2  # times its share is the most that a network weighs in the spatial median
ODD_PAIRS = 1 / 8  # of the pairs of a level: a little more than those between three of eight networks
LEAST = 1e-6  # weight of a pair that is left out, for a network of which no pair is kept


def permutation_p(sizes: Sequence[int], estimators: Sequence[Estimator]) -> float:
    """Two-sided p-value of no trend over levels of these numbers of networks: the largest one over the estimators.

    An estimator takes the counts (…, network) of a level among the networks of all levels. NaN for fewer than two
    levels, fewer than three networks at a level, or estimates that are not finite.
    """
    if len(sizes) < 2 or min(sizes) < 3 or not estimators:
        return np.nan
    return max(_p(sizes, estimator) for estimator in estimators)


def of_distances(levels: Sequence[np.ndarray], across: np.ndarray | None) -> list[Estimator]:
    """What is permuted for a mean distance, from the distances (network, network) within each level.

    `across` holds the distances between all networks in the order of the levels; None where the metric has none.
    """
    left_out = ODD_PAIRS if across is None else 0.0
    estimators: list[Estimator] = []
    for of_networks in (from_spatial_median, partial(contributions, left_out=left_out)):
        values = np.concatenate([of_networks(distance) for distance in levels])
        estimators.append(partial(moment_estimates, values=_of_order_one(values), statistic=_mean))
    if across is not None:
        estimators.append(partial(mean_distances, distance=_of_order_one(across)))
    return estimators


def of_values(levels: Sequence[np.ndarray], spread: Spread) -> list[Estimator]:
    """What is permuted for a measure of a scalar metric, from the values (network) of each level.

    The median absolute deviation has no usable jackknife; its test is that of the SD.
    """
    scaled = [spread.scaled(values) for values in levels]
    pooled = np.concatenate(scaled)
    shift = 0.0 if spread.relative else np.median(pooled)
    networks = partial(moment_estimates, values=_of_order_one(pooled - shift), statistic=spread.moments or _sd)
    if spread.location:
        return [networks]
    deviations = np.concatenate([_from_shortest_half(values, spread.relative) for values in scaled])
    return [networks, partial(moment_estimates, values=_of_order_one(deviations), statistic=_sd)]


def _from_shortest_half(values: np.ndarray, relative: bool) -> np.ndarray:
    """Signed deviations (network) from the mean of the shortest half, over that mean if `relative`."""
    centre = shortest_half_mean(values)
    return (values - centre) / (centre if relative else 1.0)


def from_spatial_median(distance: np.ndarray) -> np.ndarray:
    """Distance of each network (network) from the spatial median of a population, from distances (network, network).

    The median is Σ w_i x_i with Σ w_i = 1, so its squared distance from network j is Σ w_i d_ij² − ½ Σ w_i w_k d_ik²,
    whether or not the distances are Euclidean (Anderson 2006). The weights are those of Weiszfeld's iteration, bounded,
    so that one network that is near all others, of which there is at most one at some levels, is not the centre.
    """
    squared, count = np.square(distance), len(distance)
    weights = np.full(count, 1 / count)
    for _ in range(STEPS):
        deviation = _from_centre(squared, weights)
        if not deviation.any():
            break
        weights = 1 / np.maximum(deviation, 1e-6 * deviation.max())
        weights = np.minimum(weights / weights.sum(), MOST / count)
        free = weights < MOST / count
        weights[free] *= (1 - weights[~free].sum()) / weights[free].sum()
    return _from_centre(squared, weights)


def _from_centre(squared: np.ndarray, weights: np.ndarray) -> np.ndarray:
    to_all = squared @ weights
    return np.sqrt(np.maximum(to_all - weights @ to_all / 2, 0))


def contributions(distance: np.ndarray, left_out: float = 0.0) -> np.ndarray:
    """Twice what each network (network) adds to its distances, 2 a in d_ij ≈ a_i + a_j, from distances
    (network, network); NaN for fewer than three networks.

    The fit has least squares. If a share of the pairs is left out, those are the ones whose residuals are largest, in
    the fit itself: we begin with all pairs and repeat (concentration steps, Rousseeuw & Van Driessen 2006).
    """
    count = len(distance)
    if count < 3:
        return np.full(count, np.nan)
    apart = ~np.eye(count, dtype=bool)
    kept, used = apart, math.ceil((1 - left_out) * math.comb(count, 2))
    for _ in range(STEPS):
        weight = apart * (LEAST + kept)
        added = np.linalg.solve(np.diag(weight.sum(1)) + weight, np.sum(weight * distance, 1))
        residual = np.abs(distance - added[:, None] - added)
        largest = np.sort(residual[np.triu_indices(count, 1)])[used - 1]
        before, kept = kept, apart & (residual <= largest * (1 + TIE))
        if np.array_equal(before, kept):
            break
    return 2 * added


def shortest_half_mean(values: np.ndarray) -> float:
    """Mean of the shortest interval that holds half of the values (Andrews et al. 1972): a centre that odd networks do
    not move, on one side neither, where they move the median.
    """
    ascending = np.sort(values)
    half = len(values) // 2 + 1
    first = np.argmin(ascending[half - 1 :] - ascending[: len(values) - half + 1])
    return float(ascending[first : first + half].mean())


def _p(sizes: Sequence[int], estimator: Estimator) -> float:
    """(1 + #) / (1 + N), # of N relabellings with as large a trend; their exact share where all are enumerated."""
    total = sum(sizes)
    result = stats.permutation_test(
        np.split(np.arange(total), np.cumsum(sizes)[:-1]),
        lambda *groups, axis: np.abs(_studentised_trend(groups, total, estimator)),
        vectorized=True,
        n_resamples=RELABELLINGS,
        batch=BATCH,
        rng=np.random.default_rng(0),
    )
    if not np.isfinite(result.statistic):
        return np.nan
    relabelled = len(result.null_distribution)
    # counted here, because the tolerance of SciPy's own p-value is narrower than the rounding of a jackknife
    as_large = int(np.sum(result.null_distribution >= result.statistic * (1 - TIE)))
    exact = relabelled < RELABELLINGS
    return as_large / relabelled if exact else (1 + as_large) / (1 + relabelled)


def _studentised_trend(groups: Sequence[np.ndarray], total: int, estimator: Estimator) -> np.ndarray:
    """Trend over its standard error (…), of groups of networks (…, network of the group)."""
    change = variance = 0.0
    for weight, group in zip(trend_weights(len(groups)), groups, strict=True):
        if weight:  # the middle one of three levels has none
            counts = np.zeros((*group.shape[:-1], total))
            np.put_along_axis(counts, group.astype(int), 1.0, -1)
            theta, error = estimator(counts)
            change, variance = change + weight * theta, variance + np.square(weight * error)
    return change / np.sqrt(np.maximum(variance, EXACT))


def _of_order_one(values: np.ndarray) -> np.ndarray:
    """The values over the largest, so that EXACT has a meaning."""
    return values / (np.abs(values).max() or 1.0)


def _mean(mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    return mean


def _sd(mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    return sd
