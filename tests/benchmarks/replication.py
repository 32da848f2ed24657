"""Do the arrows of a study hold with new seeds? Compares its table of directions with that of another run.

    snakemake --cores 2 --configfile resources/study.yaml
    snakemake --cores 2 --configfile resources/replication.yaml --directory ../replication
    python tests/benchmarks/replication.py results ../replication/results

Prints each compared row that is robust in one of them, and how many of these have the other sign in the other run.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
from degeneracy.report import rows as table
from degeneracy.report.study import repeated, robust_counts


def told(row: table.Row) -> str:
    return f"{table.change(row)}, n = {table.counts(row)}, {table.known(row)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs=2, help="folders of results")
    parser.add_argument("--all", action="store_true", help="every compared row, not only those that are robust once")
    arguments = parser.parse_args()
    shared = repeated(*(folder / "statistics" / "directions.csv" for folder in arguments.results))
    for pair in shared:
        if arguments.all or "robust" in map(table.state, pair):
            print(f"{table.title(pair[0])}, {pair[0]['measure_name']}", *map(told, pair), sep="\n    ")
    robust, both, turned = robust_counts(shared)
    print(f"{len(shared)} rows; robust in one or both: {robust}; in both: {both}; with different signs: {turned}")


if __name__ == "__main__":
    main()
