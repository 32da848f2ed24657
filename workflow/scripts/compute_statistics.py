"""Summarise one metric over the levels of a sweep: degeneracy, intervals, trend, networks used."""

import json

from degeneracy import command
from degeneracy.artifacts import joined, store
from degeneracy.artifacts.origin import contents, origin
from degeneracy.errors import UserError
from degeneracy.experiment.condition import dumps, level_of
from degeneracy.measurement.schema import MAP, schema_of
from degeneracy.plugins.code_hash import code_of
from degeneracy.plugins.discovery import Plugin
from degeneracy.statistics.schema import STATISTICS
from degeneracy.statistics.summary import summarise


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("metric", help="name of the metric (a file in degeneracy/metrics)")
    parser.add_argument("--factor", required=True, help="what the sweep varies, such as task.channels")
    parser.add_argument("--metrics", nargs="+", required=True, help="metric artifacts, one a level, in order")
    parser.add_argument("--options", type=command.json_object, help="options that the metric must have (JSON)")
    parser.add_argument("--conditions", type=json.loads, default=[], help="conditions of the inputs, in order (JSON)")
    parser.add_argument("--map", help="map artifact of the metric, if it compares networks across levels")
    parser.add_argument("--confidence", type=float, default=0.95, help="coverage of the intervals")
    parser.add_argument("--output", required=True, help="statistics artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    plugin = Plugin("metrics", arguments.metric)
    data = {path: store.read(path, schema_of(plugin)) for path in arguments.metrics}
    files = {path: one.attrs for path, one in data.items()}
    joined.have(files, metric=arguments.metric)
    if arguments.options is not None:
        joined.have(files, options=dumps(plugin.complete(arguments.options, arguments.metric)))
    joined.alike(files, "options")
    if arguments.conditions:
        joined.in_order(files, arguments.conditions)
    joined.of_sweep(files, arguments.factor)
    conditions = [json.loads(one["condition"]) for one in files.values()]
    levels = [level_of(condition, arguments.factor) for condition in conditions]
    if len(set(levels)) < len(arguments.metrics):
        raise UserError(f"--metrics: given levels {levels} of {arguments.factor}, must differ")
    if not 0 < arguments.confidence < 1:
        raise UserError(f"--confidence: given {arguments.confidence}, must be between 0 and 1")
    described, ranges = plugin.constant("MEASURES"), plugin.constant("RANGE", {})
    options = {"factor": arguments.factor, "confidence": arguments.confidence}
    code = code_of(__file__, planned=arguments.code)
    first, read = files[arguments.metrics[0]], contents(files.values())
    across = store.read(arguments.map, MAP) if arguments.map else None
    if across is not None:
        own = {arguments.map: across.attrs}
        joined.have(own, metric=arguments.metric, metric_options=first["options"], levels=dumps(levels))
        joined.made_from(own, read, whole=True)
    made = origin(options, code, read, contents([across.attrs] if across is not None else [])) | options
    made |= {"metric": arguments.metric, "metric_options": first["options"], "metric_level": first["level"]}
    made |= {"levels": dumps(levels)}
    if store.reuse(arguments.output, STATISTICS, conditions[0], **made):
        return
    result = summarise(levels, list(data.values()), arguments.confidence, described, ranges, across)
    store.write(arguments.output, STATISTICS, result, conditions[0], "cpu", watch.seconds, **made)


if __name__ == "__main__":
    command.run(main)
