"""Tabulate the direction of degeneracy in every sweep of an experiment, beside the paper's."""

import json

from degeneracy import command
from degeneracy.artifacts import joined, store
from degeneracy.artifacts.atomic import whole
from degeneracy.artifacts.origin import contents, origin
from degeneracy.experiment import paths
from degeneracy.plugins.code_hash import code_of
from degeneracy.plugins.discovery import task_of
from degeneracy.statistics import directions
from degeneracy.statistics.schema import DIRECTIONS, STATISTICS


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument(
        "--statistics", nargs="+", required=True, help="statistics artifacts, in folders of their sweeps"
    )
    parser.add_argument(
        "--variant-of", type=command.json_object, default={}, help="the metric that a metric is a variant of (JSON)"
    )
    parser.add_argument("--output", required=True, help="directions artifact to write")
    parser.add_argument("--table", required=True, help="the same as comma-separated values")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    data = [(paths.sweep_of(path), paths.name_of(path), store.read(path, STATISTICS)) for path in arguments.statistics]
    joined.alike(dict(zip(arguments.statistics, (one.attrs for *_, one in data), strict=True)), "confidence")
    conditions = {sweep: json.loads(one.attrs["condition"]) for sweep, _, one in data}
    code = code_of(__file__, *map(task_of, conditions.values()), planned=arguments.code)
    made = origin({"variant_of": arguments.variant_of}, code, contents(one.attrs for *_, one in data))
    # a table of many conditions is of none; the base of every sweep stands beside it
    made |= {"sweeps": json.dumps(conditions, sort_keys=True), "confidence": data[0][2].attrs["confidence"]}
    result = directions.table(data, arguments.variant_of)
    store.write(arguments.output, DIRECTIONS, result, {}, "cpu", watch.seconds, **made)
    with whole(arguments.table) as temporary:
        result.to_dataframe().to_csv(temporary, index=False)


if __name__ == "__main__":
    command.run(main)
