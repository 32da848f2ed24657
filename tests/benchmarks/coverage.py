"""How often the 95% intervals of degeneracy hold the truth, on populations whose degeneracy is known.

python tests/benchmarks/coverage.py
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))

from degeneracy import statistics

SIGMA = 0.7  # of the log-normal values
REPEATS = 1000


def distances(generator: np.random.Generator, count: int) -> np.ndarray:
    points = generator.standard_normal((count, 3))
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


# name: a population of n networks, its degeneracy from the networks chosen, the true degeneracy
CASES = {
    "mean pairwise distance": (
        distances,
        lambda matrix, index: statistics.mean_pairwise_distance(matrix[np.ix_(index, index)]),
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
        error = statistics.jackknife_error(lambda index, p=population: statistic(p, index), networks)
        freedom, logarithmic = np.array([[networks - 1]]), np.array([True])
        low, high = statistics.interval(np.array([[theta]]), np.array([[error]]), freedom, 0.95, logarithmic)
        covered += low.item() < truth < high.item()
    return covered / REPEATS


def main() -> None:
    for name, case in CASES.items():
        row = ", ".join(f"{networks} networks {coverage(*case, networks):.1%}" for networks in (10, 50))
        print(f"{name:24s} {row}")


if __name__ == "__main__":
    main()
