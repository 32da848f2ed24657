"""How often the 95% intervals of degeneracy hold the truth, on populations whose degeneracy is known, and how often
the tests of a trend see one at 5% where there is none.

python tests/benchmarks/interval_coverage.py
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))

from scipy.special import gamma

from degeneracy.statistics import permutation_test
from degeneracy.statistics.intervals import bootstrap_interval, interval, jackknife_error
from degeneracy.statistics.spreads import SPREADS, mean_pairwise_distance

SIGMA = 0.7  # of the log-normal values
REPEATS = 1000
TREND_REPEATS = 400
RELABELLINGS = 499  # instead of 9999: 5% needs no more


def distances(generator: np.random.Generator, count: int) -> np.ndarray:
    points = generator.standard_normal((count, 3))
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


# name: a population of n networks, its degeneracy from the networks chosen, the true degeneracy
CASES = {
    "mean pairwise distance": (
        distances,
        lambda matrix, index: mean_pairwise_distance(matrix[np.ix_(index, index)]),
        4 / np.sqrt(np.pi),
    ),
    "SD of normal values": (lambda generator, n: generator.normal(5, 1, n), lambda x, index: np.std(x[index]), 1.0),
    "SD of log-normal values": (
        lambda generator, n: generator.lognormal(0, SIGMA, n),
        lambda x, index: np.std(x[index]),
        np.sqrt((np.exp(SIGMA**2) - 1) * np.exp(SIGMA**2)),
    ),
    "SD of their logarithm": (
        lambda generator, n: generator.lognormal(0, SIGMA, n),
        lambda x, index: np.std(np.log(x[index])),
        SIGMA,
    ),
}


def coverage(draw, statistic, truth: float, networks: int) -> float:
    generator, covered = np.random.default_rng(0), 0
    for _ in range(REPEATS):
        population = draw(generator, networks)
        theta = statistic(population, np.arange(networks))
        error = jackknife_error(lambda index, p=population: statistic(p, index), networks)
        freedom, logarithmic = np.array([[networks - 1]]), np.array([True])
        low, high = interval(np.array([[theta]]), np.array([[error]]), freedom, 0.95, logarithmic)
        covered += low.item() < truth < high.item()
    return covered / REPEATS


# name: values of n networks, whose median absolute deviation is estimated
MAD_CASES = {
    "MAD of normal values": lambda generator, n: generator.normal(5, 1, n),
    "MAD of log-normal values": lambda generator, n: generator.lognormal(0, SIGMA, n),
    "MAD of two clusters": lambda generator, n: (
        np.where(generator.random(n) < 0.6, 1, 100) * generator.lognormal(0, 0.1, n)
    ),
}


def mad_coverage(draw, networks: int) -> float:
    generator, covered, statistic = np.random.default_rng(0), 0, SPREADS["mad"].of
    truth = statistic(draw(np.random.default_rng(1), 10**6))
    for _ in range(REPEATS // 5):  # resampling is slow
        values = draw(generator, networks)
        _, low, high = bootstrap_interval(values, statistic, 0.95)
        covered += low <= truth <= high
    return covered / (REPEATS // 5)


def points_of_unlike_shape(generator: np.random.Generator, count: int, level: int) -> np.ndarray:
    """Points in 1, 3, 20, 3 dimensions at the same mean distance: what networks contribute differs in variance."""
    dimensions = (1, 3, 20, 3)[level]
    points = generator.standard_normal((count, dimensions)) * gamma(dimensions / 2) / gamma((dimensions + 1) / 2) / 2
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def unlike_shapes(generator: np.random.Generator, count: int, level: int) -> np.ndarray:
    """Normal, uniform, Laplace and again normal values of SD 1, around different centres."""
    normal, uniform, laplace = (
        generator.standard_normal,
        lambda n: generator.uniform(-(3**0.5), 3**0.5, n),
        lambda n: generator.laplace(0, 0.5**0.5, n),
    )
    return 3 * level + (normal, uniform, laplace, normal)[level](count)


# name: measure, values of n networks at a level; nothing but what the measure must not see changes with the level
TREND_CASES = {
    "mean distance": ("distance", lambda generator, n, level: distances(generator, n)),
    "mean distance, unlike shapes": ("distance", points_of_unlike_shape),
    "mean of log-normal values": ("mean", lambda generator, n, level: generator.lognormal(0, SIGMA, n)),
    "mean, unlike SDs": ("mean", lambda generator, n, level: generator.normal(5, 1 + 2 * level, n)),
    "SD of normal values": ("sd", lambda generator, n, level: generator.normal(5 + 3 * level, 1, n)),
    "SD of log-normal values": ("sd", lambda generator, n, level: level + generator.lognormal(0, SIGMA, n)),
    "SD, unlike shapes": ("sd", unlike_shapes),
    "SD of log of log-normal": ("log_sd", lambda generator, n, level: (1 + level) * generator.lognormal(0, SIGMA, n)),
    "CV of log-normal values": ("cv", lambda generator, n, level: (1 + level) * generator.lognormal(0, SIGMA, n)),
    "MAD of log-normal values": ("mad", lambda generator, n, level: level + generator.lognormal(0, SIGMA, n)),
}


def false_alarms(measure: str, draw, networks: int, levels: int, repeats: int) -> float:
    """Share of sweeps without a trend whose permutation p-value is at most 5%."""
    generator, alarms = np.random.default_rng(0), 0
    for _ in range(repeats):
        populations = [draw(generator, networks, level) for level in range(levels)]
        if measure == "distance":
            permuted, spread = [permutation_test.pseudo_values(matrix) for matrix in populations], SPREADS["mean"]
        else:
            spread = SPREADS[measure]
            permuted = [spread.permuted(values) for values in populations]
        p = permutation_test.permutation_p(permuted, spread)
        alarms += p <= 0.05
    return alarms / repeats


def main() -> None:
    for name, case in CASES.items():
        row = ", ".join(f"{networks} networks {coverage(*case, networks):.1%}" for networks in (10, 50))
        print(f"{name:24s} {row}")
    for name, draw in MAD_CASES.items():
        print(
            f"{name:24s} "
            + ", ".join(f"{networks} networks {mad_coverage(draw, networks):.1%}" for networks in (10, 50))
        )
    permutation_test.RELABELLINGS = RELABELLINGS
    print("false alarms of the permutation trend test at 5%: networks x levels")
    designs = [(8, 2), (8, 3), (8, 4), (10, 2), (10, 3), (10, 4), (50, 2), (50, 3), (50, 4)]
    for name, case in TREND_CASES.items():
        row = ", ".join(f"{n} x {levels} {false_alarms(*case, n, levels, TREND_REPEATS):.1%}" for n, levels in designs)
        print(f"{name:28s} {row}", flush=True)


if __name__ == "__main__":
    main()
