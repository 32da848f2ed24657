"""Sweeps as a figure sees them: the populations, metrics, statistics and maps in the artifacts of a sweep."""

import json
from dataclasses import dataclass, field, replace

import xarray as xr

from degeneracy.artifacts import joined, store
from degeneracy.artifacts.origin import merged
from degeneracy.drawing.words import level_name
from degeneracy.errors import UserError
from degeneracy.experiment.condition import level_of
from degeneracy.experiment.paths import name_of
from degeneracy.measurement.schema import MAP, NETWORK_METRIC, PAIR_METRIC
from degeneracy.networks import population
from degeneracy.networks.population import Population
from degeneracy.plugins.discovery import cell_of, task_of
from degeneracy.statistics.schema import DIRECTIONS, STATISTICS
from degeneracy.trials.schema import TRIALS


@dataclass(frozen=True)
class SweepArtifacts:
    """What the artifacts of a sweep hold. Parts without an artifact are empty."""

    name: str
    task: str
    factor: str
    populations: dict = field(default_factory=dict)  # level: Population
    statistics: dict[str, xr.Dataset] = field(default_factory=dict)  # metric: statistics
    maps: dict[str, xr.Dataset] = field(default_factory=dict)  # metric: map
    unit: str = ""  # of the factor
    metrics: dict[str, dict] = field(default_factory=dict)  # metric: level: values or distances
    directions: xr.Dataset | None = None  # its rows of the table

    @property
    def factor_name(self) -> str:
        """The factor in words: `task.channels` is "channels"."""
        return self.factor.split(".")[1].replace("_", " ")

    @property
    def axis_label(self) -> str:
        """The factor with its unit."""
        return f"{self.factor_name} ({self.unit})" if self.unit else self.factor_name

    def at(self, level) -> str:
        """A level in words: `channels 3`."""
        return f"{self.factor_name} {level_name(level)}"

    def direction(self, metric: str, measure: str):
        """Its row of the table of directions for a measure; None if the table is not there or has none."""
        if self.directions is None:
            return None
        chosen = (self.directions["metric"] == metric) & (self.directions["measure"] == measure)
        return next(self.directions.isel(row=chosen.values).to_dataframe().itertuples(), None)


@dataclass(frozen=True)
class ExperimentArtifacts:
    """What the artifacts of an experiment hold, by sweep."""

    sweeps: dict[str, SweepArtifacts]  # name: sweep
    directions: xr.Dataset | None = None


def load(name: str, factor: str, paths: list[str]) -> SweepArtifacts:
    """Read the artifacts of a sweep, of any kinds. The levels have the order of the networks artifacts."""
    files = {path: store.attributes_of(path) for path in paths}
    whole = {path: attributes for path, attributes in files.items() if attributes["artifact"] != TRIALS.kind}
    joined.of_sweep(whole, factor)
    by_kind: dict[str, list[str]] = {}
    condition = {}  # of one of the levels: the sections that some artifact knows
    for path, attributes in files.items():
        condition |= json.loads(attributes["condition"])
        by_kind.setdefault(attributes["artifact"], []).append(path)
    populations: list[Population] = population.load_sweep(
        by_kind.get("networks", []), by_kind.get("trials", []), by_kind.get("fixed_points", [])
    )
    statistics, maps = (
        {name_of(path): store.read(path, schema) for path in by_kind.get(schema.kind, [])}
        for schema in (STATISTICS, MAP)
    )
    for kind in (STATISTICS.kind, MAP.kind):
        own = {path: files[path] for path in by_kind.get(kind, [])}
        joined.have(own, factor=factor)
        joined.made_from(own, merged(*(one.inputs for one in populations)))
    metrics: dict[str, dict] = {}
    for schema in (NETWORK_METRIC, PAIR_METRIC):
        for path in by_kind.get(schema.kind, []):
            data = store.read(path, schema)
            metrics.setdefault(name_of(path), {})[level_of(json.loads(data.attrs["condition"]), factor)] = data
    levels = {level_of(one.condition, factor): one for one in populations}
    task, unit = condition["task"]["name"], unit_of(condition, factor)
    return SweepArtifacts(name, task, factor, levels, statistics, maps, unit, metrics)


def unit_of(condition: dict, factor: str) -> str:
    """Unit of a factor that is an option of the task or the cell of a condition; "" if it has none."""
    section, option = factor.split(".")
    plugin_of = {"task": task_of, "model": cell_of}.get(section)
    known = plugin_of(condition).options if plugin_of and section in condition else {}
    return known[option].range.unit if option in known else ""


def load_experiment(files: dict) -> ExperimentArtifacts:
    """Read what a figure shows, from the paths of its artifacts by sweep, and of the table of directions:

        {"sweeps": {"<name>": {"factor": "task.channels", "artifacts": ["….nc", …]}}, "directions": "….nc"}

    Either key may be missing. Raises UserError for another key, and for a sweep without a factor or artifacts.
    """
    if unknown := files.keys() - {"sweeps", "directions"}:
        raise UserError(f"--artifacts: given the key {', '.join(sorted(unknown))}, must be sweeps or directions")
    sweeps = files.get("sweeps", {})
    for name, sweep in sweeps.items():
        if set(sweep) != {"factor", "artifacts"} or not sweep["artifacts"]:
            raise UserError(f"--artifacts: sweeps.{name}: given {sweep}, must have a factor and artifacts")
    loaded = {name: load(name, sweep["factor"], sweep["artifacts"]) for name, sweep in sweeps.items()}
    if "directions" not in files:
        return ExperimentArtifacts(loaded)
    directions = store.read(files["directions"], DIRECTIONS)
    own = {name: directions.isel(row=(directions["sweep"] == name).values) for name in loaded}
    return ExperimentArtifacts({name: replace(one, directions=own[name]) for name, one in loaded.items()}, directions)
