"""Print the findings of an experiment in words, and where its table and its figures are."""

import argparse
from pathlib import Path

from degeneracy import command
from degeneracy.experiment import paths
from degeneracy.statistics.findings import findings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", nargs="?", default=paths.directions("csv"), help="table of directions")
    table = Path(parser.parse_args().table)
    print("Findings: changes from the first to the last level [with their intervals], robust unless they say otherwise")
    print(*findings(table), sep="\n")
    figures, page = (table.parents[1] / name for name in ("figures", Path(paths.page()).name))
    print(f"All measures: {table}; figures: {figures}; a page of both: {page}")


if __name__ == "__main__":
    command.run(main)
