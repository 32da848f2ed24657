"""Artifacts of the pipeline in a notebook, and tables of them."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from degeneracy.artifacts import store
from degeneracy.artifacts.schema import Schema
from degeneracy.errors import UserError
from degeneracy.experiment import index
from degeneracy.fixed_points.schema import FIXED_POINTS
from degeneracy.interface.measuring import Measured
from degeneracy.measurement.schema import MAP, NETWORK_METRIC, PAIR_METRIC
from degeneracy.networks.population import load
from degeneracy.networks.schema import NETWORKS
from degeneracy.statistics.schema import DIRECTIONS, STATISTICS
from degeneracy.statistics.table import of_metric
from degeneracy.trials.schema import COMPLEXITY, TRIALS

KINDS = (TRIALS, COMPLEXITY, NETWORKS, FIXED_POINTS, NETWORK_METRIC, PAIR_METRIC, MAP, STATISTICS, DIRECTIONS)
INDEX = "index.csv"


def open(path, group: str | None = None):  # the name users expect
    """Open an artifact as a dataset, checked as every stage checks it, or the population of a condition's folder.

    `path` is a NetCDF file of the pipeline (of trials, with one of its groups: `train`, `probe`, `ood`), or the folder
    of a condition (`results/flip_flop/default`), whose networks, trials and fixed points make a population. Raises
    UserError for a file that is damaged or no artifact, and for a folder that is in no index.

    >>> import degeneracy
    >>> population = degeneracy.open("results/flip_flop/channels-2")  # doctest: +SKIP
    >>> networks = degeneracy.modules(population)  # doctest: +SKIP
    """
    path = _path(path, "open")
    if path.is_dir():
        return _population(path)
    if path.suffix != ".nc":
        raise UserError(f"{path}: given {path.suffix or 'no ending'}, must be an artifact (.nc) or a folder")
    kind = store.attributes_of(path)["artifact"]
    schema: Schema = next((each for each in KINDS if each.kind == kind), NETWORKS)
    if schema.groups and group not in schema.groups:
        raise UserError(f"{path}: given the group {group}, must be one of {', '.join(schema.groups)}")
    return store.read(path, schema, group if schema.groups else None)


def to_dataframe(source="results"):
    """A tidy table (a pandas DataFrame), with a row for each network and measure, or for each fixed point.

    `source` is a folder of results, of which all metrics of the experiment are read; what `measure` returned; or fixed
    points. Metrics have the columns task, condition, network, metric, measure and value. The value of a distance is the
    mean distance of the network from the others that converged. Fixed points have a column for each unit and input.
    `to_dataframe(…).to_csv("table.csv", index=False)` writes it.

    >>> import degeneracy
    >>> weights = {"recurrent_weights": [[1.0, -1.0], [-1.0, 1.0]]}  # h' = tanh(W h)
    >>> points = degeneracy.fixed_points(degeneracy.population([weights], cell="vanilla"))
    >>> table = degeneracy.to_dataframe(points).sort_values("state_0")
    >>> table[["network", "n_unstable", "state_0", "state_1"]].round(4).values.tolist()[0]
    [0.0, 0.0, -0.9575, 0.9575]
    """
    import pandas

    if isinstance(source, xr.Dataset):
        kind = source.attrs.get("artifact")
        if kind == FIXED_POINTS.kind:
            return _points(source)
        if kind not in (NETWORK_METRIC.kind, PAIR_METRIC.kind):
            raise UserError(f"to_dataframe: given a dataset of kind {kind}, must be of measure or fixed_points")
        source = Measured({source.attrs.get("metric", ""): source}, {})
    if isinstance(source, Measured | Mapping):
        found = [of_metric(source[name]) for name in source]
    else:
        listed = _index(_path(source, "to_dataframe"))
        found = [of_metric(open(path), path) for entry in listed for path in entry.metrics.values()]
    if not found:
        raise UserError("to_dataframe: given no metric, must be at least one")
    return pandas.concat(found, ignore_index=True)


def _points(points: xr.Dataset):
    """One row for each point; what has several numbers a point gets a column for each."""
    import pandas

    columns = {}
    for name, values in points.data_vars.items():
        if values.dims == ("point",):
            columns[name] = values.values
        elif values.dims[0] == "point":
            columns |= {f"{name}_{place}": each for place, each in enumerate(np.moveaxis(values.values, 1, 0))}
    return pandas.DataFrame(columns)


def _path(given, where: str) -> Path:
    if not isinstance(given, str | os.PathLike):
        raise UserError(f"{where}: given {type(given).__name__}, must be a path")
    return Path(given)


def _index(results: Path) -> list[index.Entry]:
    path = results / INDEX
    if not path.is_file():
        raise UserError(f"{path}: there is no such file, must be the index of an experiment that has run")
    return index.conditions(path)


def _population(folder: Path):
    """The population of a condition, from the index of the experiment that its folder is in."""
    results = folder.resolve().parent.parent
    for entry in _index(results):
        if entry.folder.resolve() == folder.resolve():
            points = [path for path in entry.fixed_points_files if path.is_file()]
            return load(entry.networks_files, entry.trials and str(entry.trials), points)
    raise UserError(f"{folder}: is no folder of a condition in {results / INDEX}")
