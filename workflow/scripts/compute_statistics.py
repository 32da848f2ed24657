"""Summarise one metric over the levels of a sweep: degeneracy, intervals, trend, networks used."""

import json

from degeneracy import artifacts, command, statistics, units
from degeneracy.condition import level_of


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--factor", required=True, help="what the sweep varies, such as task.channels")
    parser.add_argument("--metrics", nargs="+", required=True, help="metric artifacts, one a level, in order")
    parser.add_argument("--confidence", type=float, default=0.95, help="coverage of the intervals")
    parser.add_argument("--output", required=True, help="statistics artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    attributes = [artifacts.attributes_of(path) for path in arguments.metrics]
    kinds = [one.get("artifact") for one in attributes]
    kind = "pair metric" if kinds[0] == "pair metric" else "network metric"
    data = [artifacts.read(path, kind) for path in arguments.metrics]
    conditions = [json.loads(one["condition"]) for one in attributes]
    levels = [level_of(condition, arguments.factor) for condition in conditions]
    metric = attributes[0]["metric"]
    if any(one["metric"] != metric for one in attributes) or len(set(levels)) < len(levels):
        raise ValueError("--metrics: must be one metric at levels of the factor that differ")
    if not 0 < arguments.confidence < 1:
        raise ValueError(f"--confidence: given {arguments.confidence}, must be between 0 and 1")
    described = units.constant("metrics", metric, "MEASURES")
    result = statistics.summarise(levels, data, arguments.confidence, described)
    names = {
        "metric": metric,
        "factor": arguments.factor,
        "metric_level": attributes[0]["level"],
        "confidence": arguments.confidence,
    }
    artifacts.write(arguments.output, "statistics", result, conditions[0], "cpu", watch.seconds, **names)


if __name__ == "__main__":
    command.run(main)
