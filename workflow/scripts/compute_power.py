"""Tabulate how many networks each measure of an experiment needs to see a change, from the variances found."""

from degeneracy import command
from degeneracy.artifacts import store
from degeneracy.artifacts.atomic import write_table
from degeneracy.experiment import paths
from degeneracy.plugins.code_hash import code_of
from degeneracy.statistics import power
from degeneracy.statistics.schema import STATISTICS

COLUMNS = ("sweep", "metric", "measure", "n_used", "sd_log_ratio", *(f"networks_for_{name}" for name in power.CHANGES))


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument(
        "--statistics", nargs="+", required=True, help="statistics artifacts, in folders of their sweeps"
    )
    parser.add_argument("--output", required=True, help="table to write, as comma-separated values")
    arguments = parser.parse_args()
    code_of(__file__, planned=arguments.code)
    rows = [
        {"sweep": paths.sweep_of(path), "metric": paths.name_of(path)} | row
        for path in arguments.statistics
        for row in power.table(store.read(path, STATISTICS))
    ]
    write_table(arguments.output, COLUMNS, rows)


if __name__ == "__main__":
    command.run(main)
