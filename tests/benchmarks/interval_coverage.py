"""How often the 95% intervals of degeneracy, and of its change between two levels, cover the truth.

python tests/benchmarks/interval_coverage.py

Populations whose degeneracy is known: a cloud of networks, and one where each is odd with a probability of a tenth;
values that are normal, log-normal (σ = 0.7), of Student's t with 3 degrees of freedom, and normal with a tenth odd. The
excess is that of such networks measured twice with errors: their floor is a quarter of the degeneracy, or half. A row
says for each number of networks: coverage, share of intervals below and above the truth, and the median upper end
over the truth. Intervals of fewer than LEAST_FOR_DISTANCES networks are shown although most are not given.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))

from degeneracy.statistics.estimates import of_values
from degeneracy.statistics.intervals import SKEWED, change_interval, interval
from degeneracy.statistics.resampling import mean_distances, mean_excess, resample
from degeneracy.statistics.spreads import SPREADS

REPEATS = 1000
NETWORKS = (8, 20, 29, 50)
SIGMA, FAR, ODD = 0.7, 3.5, 0.1
ERRORS = {
    "cloud": (0.26, 0.58),
    "cloud with a tenth odd": (0.065, 0.16),
}  # of a measurement, so that floors are as above


def cloud(generator: np.random.Generator, count: int) -> np.ndarray:
    return generator.standard_normal((count, 3))


def cloud_with_odd(generator: np.random.Generator, count: int) -> np.ndarray:
    """Networks at distances near 1 from each other; a tenth, about 3.6 times as far."""
    direction = generator.standard_normal((count, 20))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    points = generator.standard_normal((count, 20)) / np.sqrt(40)
    return points + FAR * (generator.random(count) < ODD)[:, None] * direction


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.linalg.norm(one[:, None] - other[None], axis=-1)


VALUES = {
    "normal": lambda generator, count: generator.normal(10, 1, count),
    "normal, a tenth odd": lambda generator, count: (
        generator.normal(10, 1, count) + 5 * (generator.random(count) < ODD)
    ),
    "log-normal": lambda generator, count: generator.lognormal(0, SIGMA, count),
    "exp t3": lambda generator, count: np.exp(generator.standard_t(3, count)),
    "exp normal, a tenth odd": lambda generator, count: np.exp(
        generator.normal(0, 1, count) + 5 * (generator.random(count) < ODD)
    ),
}
# of values by name: the measures
CASES = {
    "normal": ("sd", "cv", "mad", "mean"),
    "normal, a tenth odd": ("sd",),
    "log-normal": ("sd", "log_sd", "cv", "mad", "mean"),
    "exp t3": ("log_sd",),
    "exp normal, a tenth odd": ("log_sd",),
}


def mean_of_many(of_networks) -> float:
    generator = np.random.default_rng(1)
    return float(np.mean([of_networks(generator, 200) for _ in range(400)]))


def true_distance(draw) -> float:
    def mean(generator, count):
        points = draw(generator, count)
        return distances(points, points).sum() / (count * (count - 1))

    return mean_of_many(mean)


def measured_twice(draw, error: float, generator: np.random.Generator, count: int):
    """Distances (network, network) between networks measured on one and on other trials, and from themselves."""
    points = draw(generator, count)
    probe, replicate = (points + error * generator.standard_normal(points.shape) for _ in range(2))
    found = distances(probe, replicate)
    upper = np.triu(found, 1)  # one distance a pair, as in a metric artifact
    return upper + upper.T, np.diag(found)


def true_floor(draw, error: float) -> float:
    return mean_of_many(lambda *drawn: measured_twice(draw, error, *drawn)[1].mean())


def true_excess(draw, error: float) -> float:
    def mean(generator, count):
        distance, floor = measured_twice(draw, error, generator, count)
        return distance.sum() / (count * (count - 1)) - floor.mean()

    return mean_of_many(mean)


def excess_case(draw, error: float, count: int, generator: np.random.Generator):
    distance, floor = measured_twice(draw, error, generator, count)
    found = resample(partial(mean_excess, distance=distance, floor=floor), count, generator)
    return found, interval(found, 0.95, positive=False)


def pair_case(draw, count: int, generator: np.random.Generator):
    points = draw(generator, count)
    found = resample(partial(mean_distances, distance=distances(points, points)), count, generator)
    return found, interval(found, 0.95, positive=True)


def value_case(draw, measure: str, count: int, generator: np.random.Generator):
    found, spread = of_values(draw(generator, count), SPREADS[measure], 0.95, generator), SPREADS[measure]
    ends = interval(found.resampled, 0.95, True, SKEWED) if spread.needs_many else found.ends
    return found.resampled, ends


def coverage(case, truth: float, count: int) -> str:
    """Coverage of a level, and of a change of 0 between two."""
    generator, ends, changes, before = np.random.default_rng(0), [], [], None
    for _ in range(REPEATS):
        found, given = case(count, generator)
        ends.append(given)
        if before is not None:
            pair = [before.logarithm(), found.logarithm()] if min(before.value, found.value) > 0 else [before, found]
            changes.append(change_interval(pair, 0.95)[2:])
            found = None
        before = found
    low, high = np.array(ends).T
    below, above = 100 * np.mean(high < truth), 100 * np.mean(low > truth)
    none = 100 * np.mean(np.isnan(low))
    start, end = np.array(changes).T
    covered = 100 * np.mean(~((start > 0) | (end < 0)))
    return (
        f"{count}: {100 - below - above:.1f} (low {below:.1f}, high {above:.1f}, none {none:.1f}) "
        f"×{np.nanmedian(high) / truth:.2f}, change {covered:.1f} ×{np.exp(np.nanmedian(end - start) / 2):.2f}"
    )


def main() -> None:
    for name, draw in (("cloud", cloud), ("cloud with a tenth odd", cloud_with_odd)):
        rows = [coverage(partial(pair_case, draw), true_distance(draw), count) for count in NETWORKS]
        print(f"mean distance, {name}", *rows, sep="\n    ", flush=True)
        for error in ERRORS[name]:
            truth, floor = true_excess(draw, error), true_floor(draw, error)
            rows = [coverage(partial(excess_case, draw, error), truth, count) for count in NETWORKS]
            share = floor / (floor + truth)
            print(f"excess over a floor of {share:.0%}, {name}", *rows, sep="\n    ", flush=True)
    for name, draw in VALUES.items():
        for measure in CASES[name]:
            truth = float(SPREADS[measure].of(draw(np.random.default_rng(1), 10**7)))
            rows = [coverage(partial(value_case, draw, measure), truth, count) for count in NETWORKS]
            print(f"{measure}, {name}", *rows, sep="\n    ", flush=True)


if __name__ == "__main__":
    main()
