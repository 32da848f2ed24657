"""Summarise one metric over the levels of a sweep: degeneracy, intervals, trend, networks used."""

import json

from degeneracy import command
from degeneracy.artifacts import store
from degeneracy.artifacts.origin import contents, origin
from degeneracy.errors import UserError
from degeneracy.experiment.condition import level_of
from degeneracy.measurement.schema import NETWORK_METRIC, PAIR_METRIC
from degeneracy.plugins.code_hash import code_of
from degeneracy.plugins.discovery import Plugin
from degeneracy.statistics.schema import STATISTICS
from degeneracy.statistics.summary import summarise


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--factor", required=True, help="what the sweep varies, such as task.channels")
    parser.add_argument("--metrics", nargs="+", required=True, help="metric artifacts, one a level, in order")
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
    options = {"factor": arguments.factor, "confidence": arguments.confidence}
    code = code_of(__file__, planned=arguments.code)
    made = origin(options, code, contents(one.attrs for one in data)) | options
    made |= {"metric": metric, "metric_options": attributes[0]["options"], "metric_level": attributes[0]["level"]}
    if store.reuse(arguments.output, STATISTICS, conditions[0], **made):
        return
    result = summarise(levels, data, arguments.confidence, described, ranges)
    store.write(arguments.output, STATISTICS, result, conditions[0], "cpu", watch.seconds, **made)


if __name__ == "__main__":
    command.run(main)
