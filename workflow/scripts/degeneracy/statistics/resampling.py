"""Degeneracy of many resamples or relabellings of a population at once, each with its jackknife standard error.

A resample says how often it holds each network, a relabelling which networks are in a group: `counts (…, network)`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RESAMPLES = 1999
Estimator = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # counts (…, network) to estimates and errors (…)


def mean_distances(counts: np.ndarray, distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean pairwise distance of each resample, and its standard error, from distances (network, network).

    θ = Σ m_i m_j d_ij / (n² − Σ m_i²), m_i the count of network i: a pair of two copies of one network is no pair, and
    its distance 0 does not count. NaN where all networks of a resample are copies of one.
    """
    theta, left_out = _mean_distances(counts, distance)
    with np.errstate(invalid="ignore"):
        return theta, jackknife_error(counts, left_out)


def mean_excess(counts: np.ndarray, distance: np.ndarray, floor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean pairwise distance less the mean distance of a network from itself, `floor (network)`; see
    `mean_distances`."""
    theta, left_out = _mean_distances(counts, distance)
    number, total = counts.sum(-1, keepdims=True), (counts @ floor)[..., None]
    with np.errstate(invalid="ignore"):
        excess = theta - (total / number)[..., 0]
        return excess, jackknife_error(counts, left_out - (total - floor) / (number - 1))


def _mean_distances(counts: np.ndarray, distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean pairwise distance of each resample (…), and without one copy of each network in turn (…, network)."""
    number = counts.sum(-1, keepdims=True)
    to_others = counts @ distance  # summed distance of each network to the resample
    total = np.sum(counts * to_others, -1, keepdims=True)
    copies = np.square(counts).sum(-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        theta = total / (number**2 - copies)
        return theta[..., 0], (total - 2 * to_others) / ((number - 1) ** 2 - (copies - 2 * counts + 1))


def moment_estimates(
    counts: np.ndarray, values: np.ndarray, statistic: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """A function of the mean and the SD (1/N) of each resample, and its standard error, from values (network)."""
    number = counts.sum(-1, keepdims=True)
    mean = (counts @ values)[..., None] / number
    deviation = values - mean
    squares = np.sum(counts * np.square(deviation), -1, keepdims=True)
    theta = statistic(mean, np.sqrt(squares / number))[..., 0]
    # leaving out x_i takes n/(n−1) (x_i − mean)² from the sum of squares
    left = np.maximum(squares - np.square(deviation) * number / (number - 1), 0) / (number - 1)
    with np.errstate(invalid="ignore", divide="ignore"):  # of networks that are not in the resample
        left_out = statistic(mean - deviation / (number - 1), np.sqrt(left))
    return theta, jackknife_error(counts, left_out)


def jackknife_error(counts: np.ndarray, left_out: np.ndarray) -> np.ndarray:
    """Standard error (…) from the estimates (…, network) without one copy of each network in turn.

    SE² = (n−1)/n Σ m_i (θ_(i) − θ̄)² (Efron & Tibshirani 1993, eq. 11.5). Leaving out a network drops all its pairs, so
    pairs that share a network do not count as independent.
    """
    number, left_out = counts.sum(-1), np.where(counts > 0, left_out, 0.0)
    mean = np.sum(counts * left_out, -1) / number
    squares = np.sum(counts * np.square(left_out - mean[..., None]), -1)
    return np.sqrt((number - 1) / number * squares)


@dataclass(frozen=True)
class Resampled:
    """An estimate and its standard error, and both for every resample (resample)."""

    value: float
    error: float
    values: np.ndarray
    errors: np.ndarray

    def logarithm(self) -> "Resampled":
        """The same of the logarithm, whose standard error is SE / θ."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return Resampled(
                float(np.log(self.value)), self.error / self.value, np.log(self.values), self.errors / self.values
            )


NOTHING = Resampled(np.nan, np.nan, np.full(RESAMPLES, np.nan), np.full(RESAMPLES, np.nan))


def resample(estimator: Estimator, networks: int, generator: np.random.Generator) -> Resampled:
    """The estimate of a population, and of RESAMPLES populations of as many networks drawn from it."""
    counts = generator.multinomial(networks, np.full(networks, 1 / networks), size=RESAMPLES).astype(float)
    value, error = estimator(np.ones(networks))
    return Resampled(float(value), float(error), *estimator(counts))
