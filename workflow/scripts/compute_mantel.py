"""Tabulate how far the metrics of a sweep agree on which networks differ (Mantel tests)."""

import json

import numpy as np

from degeneracy import command
from degeneracy.artifacts import joined, store
from degeneracy.artifacts.atomic import write_table
from degeneracy.experiment import paths
from degeneracy.measurement.schema import schema_of
from degeneracy.plugins.code_hash import code_of
from degeneracy.plugins.discovery import Plugin
from degeneracy.statistics import mantel

COLUMNS = ("metric", "other_metric", "correlation", "low", "high", "p", "holm_p", "n_networks")


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--metrics", nargs="+", required=True, help="artifacts of metrics, one a level each")
    parser.add_argument(
        "--conditions", type=json.loads, required=True, help="conditions of the levels, in order (JSON)"
    )
    parser.add_argument("--output", required=True, help="table to write, as comma-separated values")
    arguments = parser.parse_args()
    code_of(__file__, planned=arguments.code)
    levels: dict[str, list[np.ndarray]] = {}
    files: dict[str, dict] = {}
    for path in arguments.metrics:
        data = store.read(path, schema_of(Plugin("metrics", store.attributes_of(path)["metric"])))
        levels.setdefault(paths.name_of(path), []).append(mantel.of_converged(data))
        files.setdefault(paths.name_of(path), {})[path] = data.attrs
    for each in files.values():
        joined.in_order(each, arguments.conditions)
    write_table(arguments.output, COLUMNS, mantel.table(levels))


if __name__ == "__main__":
    command.run(main)
