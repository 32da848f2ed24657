"""Tabulate how much of degeneracy comes from initialisations and how much from data, whose seeds are crossed."""

import json
from pathlib import Path

from degeneracy import command
from degeneracy.artifacts import store
from degeneracy.artifacts.atomic import write_table
from degeneracy.measurement.schema import schema_of
from degeneracy.plugins.code_hash import code_of
from degeneracy.plugins.discovery import Plugin
from degeneracy.statistics import crossed
from degeneracy.status import Status

OF_VALUES, OF_PAIRS = ("source", "variance", "low", "high"), ("shared", "mean", "p")
COLUMNS = ("condition", "metric", "measure", "initialisations", "data_seeds", *OF_VALUES, *OF_PAIRS)


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--metrics", nargs="+", required=True, help="metric artifacts, in folders of their conditions")
    parser.add_argument("--confidence", type=float, default=0.95, help="coverage of the intervals")
    parser.add_argument("--output", required=True, help="table to write, as comma-separated values")
    arguments = parser.parse_args()
    code_of(__file__, planned=arguments.code)
    rows: list[dict] = []
    for path in arguments.metrics:
        metric = Plugin("metrics", store.attributes_of(path)["metric"])
        data = store.read(path, schema_of(metric))
        training = json.loads(data.attrs["condition"])["training"]
        used, measures = data["status"].values == Status.CONVERGED, metric.constant("MEASURES")
        found = crossed.table(data, used, training["data_seeds"], measures, arguments.confidence)
        rows += ({"condition": Path(path).parents[1].name, "metric": Path(path).stem} | row for row in found)
    write_table(arguments.output, COLUMNS, rows)


if __name__ == "__main__":
    command.run(main)
