"""A sweep as a figure sees it: populations, statistics and maps, sorted out of a heap of artifacts."""

from dataclasses import dataclass, field

import xarray as xr

from degeneracy import artifacts, population
from degeneracy.condition import level_of
from degeneracy.population import Population


@dataclass(frozen=True)
class SweepArtifacts:
    """What the artifacts of a sweep hold; parts without an artifact are empty."""

    factor: str
    populations: dict = field(default_factory=dict)  # level: Population
    statistics: dict[str, xr.Dataset] = field(default_factory=dict)  # metric: statistics
    maps: dict[str, xr.Dataset] = field(default_factory=dict)  # metric: map

    @property
    def factor_name(self) -> str:
        """The factor as an axis label: `task.channels` is "channels"."""
        return self.factor.split(".")[1].replace("_", " ")


def load(factor: str, paths: list[str]) -> SweepArtifacts:
    """Read the artifacts of a sweep, whatever their kinds, levels in the order of the networks artifacts."""
    by_kind: dict[str, list[str]] = {}
    for path in paths:
        by_kind.setdefault(artifacts.attributes_of(path).get("artifact"), []).append(path)
    populations: list[Population] = population.load_sweep(
        by_kind.get("networks", []), by_kind.get("trials", []), by_kind.get("fixed_points", [])
    )
    named = {
        kind: {data.attrs["metric"]: data for data in (artifacts.read(path, kind) for path in by_kind.get(kind, []))}
        for kind in ("statistics", "map")
    }
    levels = {level_of(one.condition, factor): one for one in populations}
    return SweepArtifacts(factor, levels, named["statistics"], named["map"])
