"""Summarise one metric over the levels of a sweep: degeneracy, intervals, trend, networks used."""

import json

import numpy as np
import xarray as xr

from degeneracy import command
from degeneracy.artifacts import store
from degeneracy.errors import UserError
from degeneracy.experiment.condition import level_of
from degeneracy.measurement.schema import MAP, NETWORK_METRIC, PAIR_METRIC
from degeneracy.plugins.discovery import Plugin
from degeneracy.statistics.schema import STATISTICS
from degeneracy.statistics.summary import summarise


def is_of(across: xr.Dataset, metric: str, levels: list, metrics: list[xr.Dataset]) -> bool:
    """Whether a map is of this metric and of the networks of these artifacts, level by level."""
    rows = [level for level, data in zip(levels, metrics, strict=True) for _ in range(data.sizes["network"])]
    status = np.concatenate([data["status"].values for data in metrics])
    return (
        across.attrs["metric"] == metric
        and across["level"].values.tolist() == rows
        and np.array_equal(across["status"].values, status)
    )


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--factor", required=True, help="what the sweep varies, such as task.channels")
    parser.add_argument("--metrics", nargs="+", required=True, help="metric artifacts, one a level, in order")
    parser.add_argument("--map", help="map artifact of the metric, if it compares networks across levels")
    parser.add_argument("--confidence", type=float, default=0.95, help="coverage of the intervals")
    parser.add_argument("--output", required=True, help="statistics artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    attributes = [store.attributes_of(path) for path in arguments.metrics]
    schema = PAIR_METRIC if attributes[0].get("artifact") == PAIR_METRIC.kind else NETWORK_METRIC
    data = [store.read(path, schema) for path in arguments.metrics]
    conditions = [json.loads(one["condition"]) for one in attributes]
    levels = [level_of(condition, arguments.factor) for condition in conditions]
    metric = attributes[0]["metric"]
    if any(one["metric"] != metric for one in attributes) or len(set(levels)) < len(levels):
        raise UserError("--metrics: must be one metric at levels of the factor that differ")
    if not 0 < arguments.confidence < 1:
        raise UserError(f"--confidence: given {arguments.confidence}, must be between 0 and 1")
    plugin = Plugin("metrics", metric)
    described, ranges = plugin.constant("MEASURES"), plugin.constant("RANGE", {})
    across = store.read(arguments.map, MAP) if arguments.map else None
    if across is not None and not is_of(across, metric, levels, data):
        raise UserError("--map: must be of the same metric, levels and networks, in their order")
    result = summarise(levels, data, arguments.confidence, described, ranges, across)
    names = {
        "metric": metric,
        "factor": arguments.factor,
        "metric_level": attributes[0]["level"],
        "confidence": arguments.confidence,
    }
    store.write(arguments.output, STATISTICS, result, conditions[0], "cpu", watch.seconds, **names)


if __name__ == "__main__":
    command.run(main)
