"""Tabulate the metrics of all networks of an experiment: one row for each network and measure."""

import pandas

from degeneracy import command
from degeneracy.artifacts import store
from degeneracy.artifacts.atomic import whole
from degeneracy.experiment import index
from degeneracy.measurement.schema import NETWORK_METRIC, PAIR_METRIC
from degeneracy.plugins.code_hash import code_of
from degeneracy.statistics import table


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--index", required=True, help="index of the experiment, which lists its metric artifacts")
    parser.add_argument("--output", required=True, help="table to write, as comma-separated values")
    arguments = parser.parse_args()
    code_of(__file__, planned=arguments.code)
    rows = []
    for path in (path for entry in index.conditions(arguments.index) for path in entry.metrics.values()):
        kind = store.attributes_of(path)["artifact"]
        schema = PAIR_METRIC if kind == PAIR_METRIC.kind else NETWORK_METRIC
        rows.append(table.of_metric(store.read(path, schema), path))
    with whole(arguments.output) as temporary:
        pandas.concat(rows).to_csv(temporary, index=False)


if __name__ == "__main__":
    command.run(main)
