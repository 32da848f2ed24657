"""How often the tests of a trend see one at 5% where there is none: populations whose degeneracy is the same at every
level, with 0 to 3 odd networks, at levels that are near each other and far apart; and how often they see a halving.

python tests/benchmarks/false_alarms.py [metric artifacts, each of one condition]

Networks are points around the centre of their level in 3 or 30 dimensions; an odd one is 3.5 times as far from the
others as they are from each other. Values are normal, log-normal (σ = 0.7) or of Student's t with 3 degrees of freedom;
an odd one is 6 SD off. Given artifacts, their networks are dealt at random to two levels of up to eight, and 0 to 3 of
them, at random, are made odd: their distances are multiplied by 3.5, or their values are moved by 6 SD of all. Each row
has the rate of every measure that the table of directions has; distances are tested with and without those across
levels.
"""

import sys
from pathlib import Path

import numpy as np
import xarray as xr

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))

from degeneracy.plugins.discovery import Plugin
from degeneracy.statistics import label_permutation
from degeneracy.statistics.spreads import SPREADS

REPEATS = 400
RELABELLINGS = 199  # instead of 9999: 5% needs no more
SIGMA = 0.7
ODD = 3.5  # distance of an odd network over that of two others
DESIGNS = {"8+8": [8, 8], "8+8+8": [8, 8, 8], "12+6": [12, 6], "20+20": [20, 20]}


def odd_ones(generator: np.random.Generator, sizes: list[int], odd: int | float) -> np.ndarray:
    """Which networks are odd: a number of them in all, at random places, or each one with this probability."""
    if isinstance(odd, float):
        return generator.random(sum(sizes)) < odd
    return generator.permutation(np.arange(sum(sizes)) < odd)


def points(generator, sizes, odd, dimensions: int, apart: float, scales) -> np.ndarray:
    """Networks (network, dimension) of levels that are `apart` from each other, in directions of their own."""
    number, level = sum(sizes), np.repeat(np.arange(len(sizes)), sizes)
    place = generator.standard_normal((number, dimensions)) / np.sqrt(2 * dimensions)
    direction = generator.standard_normal((number, dimensions))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    place += ODD * odd_ones(generator, sizes, odd)[:, None] * direction
    centres = generator.standard_normal((len(sizes), dimensions)) / np.sqrt(dimensions)
    return np.asarray(scales)[level, None] * place + apart * centres[level]


def distances(places: np.ndarray) -> np.ndarray:
    return np.linalg.norm(places[:, None] - places[None], axis=-1)


def blocks(matrix: np.ndarray, sizes) -> list[np.ndarray]:
    ends = np.cumsum(sizes)
    return [matrix[end - size : end, end - size : end] for size, end in zip(sizes, ends, strict=True)]


def pair_tests(matrix: np.ndarray, sizes) -> dict[str, float]:
    """p of a metric that compares networks across levels, and of one that does not."""
    within = blocks(matrix, sizes)
    return {
        name: label_permutation.permutation_p(sizes, label_permutation.of_distances(within, across))
        for name, across in (("distance, across levels", matrix), ("distance, within levels", None))
    }


def values(generator, sizes, odd, draw: str, apart: float, scales) -> list[np.ndarray]:
    """Values (network) of each level; centres differ by `apart` SD (log-normal ones by a factor)."""
    number = sum(sizes)
    drawn = {"t3": lambda: generator.standard_t(3, number)}.get(draw, lambda: generator.normal(0, 1, number))()
    drawn = drawn + 6 * odd_ones(generator, sizes, odd)
    parts = np.split(drawn, np.cumsum(sizes)[:-1])
    shifted = [scale * part + apart * level for level, (part, scale) in enumerate(zip(parts, scales, strict=True))]
    return [np.exp(SIGMA * part) for part in shifted] if draw == "log-normal" else shifted


def value_tests(levels: list[np.ndarray], draw: str) -> dict[str, float]:
    sizes = [len(level) for level in levels]
    measures = ("log_sd",) if draw == "log-normal" else ("sd", "mad")
    return {
        name: label_permutation.permutation_p(sizes, label_permutation.of_values(levels, SPREADS[name]))
        for name in measures
    }


def skewed_tests(levels: list[np.ndarray]) -> dict[str, float]:
    """Measures of skewed values whose centre, not whose scale, differs between levels."""
    sizes = [len(level) for level in levels]
    return {
        name: label_permutation.permutation_p(sizes, label_permutation.of_values(levels, SPREADS[name]))
        for name in ("sd", "cv", "mad", "mean")
    }


def rates(draw_tests) -> dict[str, float]:
    found: dict[str, list] = {}
    for _ in range(REPEATS):
        for name, p in draw_tests().items():
            found.setdefault(name, []).append(p <= 0.05)
    return {name: 100 * float(np.mean(alarms)) for name, alarms in found.items()}


def simulated(design: str, odd, apart: float, scales=None) -> dict[str, float]:
    generator, sizes = np.random.default_rng(0), DESIGNS[design]
    scales = scales or [1.0] * len(sizes)
    row = {}
    for dimensions in (3, 30):

        def pairs(dimensions=dimensions):
            return pair_tests(distances(points(generator, sizes, odd, dimensions, apart, scales)), sizes)

        row |= {f"{name} ({dimensions}D)": rate for name, rate in rates(pairs).items()}
    for draw in ("normal", "log-normal", "t3"):

        def scalars(draw=draw):
            return value_tests(values(generator, sizes, odd, draw, apart, scales), draw)

        row |= {f"{name} of {draw}": rate for name, rate in rates(scalars).items()}
    if apart == 0 and max(scales) == min(scales):
        skewed = rates(lambda: skewed_tests(values(generator, sizes, odd, "log-normal", 0.0, scales)))
        row |= {f"{name} of skewed": rate for name, rate in skewed.items()}
    return row


def dealt(path: str, odd: int) -> dict[str, float]:
    """Converged networks of one condition, dealt to two levels of at most eight, `odd` of them odd."""
    generator = np.random.default_rng(0)
    with xr.open_dataset(path) as data:
        converged = np.flatnonzero(data["status"] == 1)
        others = {"network_other": converged} if "network_other" in data.dims else {}
        kept = data.isel(network=converged, **others).load()
        measures = Plugin("metrics", data.attrs["metric"]).constant("MEASURES")
    number = min(8, kept.sizes["network"] // 2)

    def one() -> dict[str, float]:
        order = generator.permutation(kept.sizes["network"])[: 2 * number]
        is_odd = odd_ones(generator, [number, number], odd)
        if "distance" not in kept:
            return spread_tests(kept["value"].values[order], is_odd)
        scale = np.where(is_odd[:, None] | is_odd, ODD, 1.0)
        found = {}
        for name in measures:
            matrix = scale * kept[name].values[np.ix_(order, order)]
            found |= {test.replace("distance", name, 1): p for test, p in pair_tests(matrix, [number, number]).items()}
        return found

    return rates(one)


def spread_tests(values: np.ndarray, is_odd: np.ndarray) -> dict[str, float]:
    """p of every measure of values (network), of which those that are odd are moved by 6 SD."""
    levels = np.split(values + 6 * values.std() * is_odd, 2)
    sizes = [len(level) for level in levels]
    found = {}
    for name, spread in SPREADS.items():
        if np.isfinite([spread.of(level) for level in levels]).all():
            found[name] = label_permutation.permutation_p(sizes, label_permutation.of_values(levels, spread))
    return found


def shown(row: dict[str, float]) -> str:
    return "  ".join(f"{name} {rate:.1f}" for name, rate in row.items())


def main() -> None:
    label_permutation.RELABELLINGS = RELABELLINGS
    for path in sys.argv[1:]:
        for odd in range(4):
            print(f"{Path(path).stem}, {odd} odd: {shown(dealt(path, odd))}", flush=True)
    if sys.argv[1:]:
        return
    print("false alarms at 5%, in percent")
    for odd in (0, 1, 2, 3):
        for apart in (0.0, 1.0, 5.0):
            print(f"8+8, {odd} odd, {apart} apart: {shown(simulated('8+8', odd, apart))}", flush=True)
    for design in ("8+8+8", "12+6", "20+20"):
        for apart in (0.0, 1.0):
            print(f"{design}, a tenth odd, {apart} apart: {shown(simulated(design, 0.1, apart))}", flush=True)
    print("halvings seen at 5%, in percent")
    for design, scales in (("8+8", [1, 0.5]), ("8+8+8", [1, 0.75, 0.5]), ("20+20", [1, 0.5])):
        for apart in (0.0, 5.0):
            print(f"{design}, {apart} apart: {shown(simulated(design, 0, apart, scales))}", flush=True)


if __name__ == "__main__":
    main()
