"""Do the arrows of a study hold with new seeds? Compares its table of directions with that of another run.

    snakemake --cores 2 --configfile resources/study.yaml
    snakemake --cores 2 --configfile resources/replication.yaml --directory ../replication
    python tests/benchmarks/replication.py results ../replication/results

Prints each compared row that is robust in one of them, and how many of these have the other sign in the other run.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

ROW = ["sweep", "metric", "measure"]


def compared(results: Path) -> pd.DataFrame:
    """The rows of the table of directions that are compared with the paper or preferred to those."""
    table = pd.read_csv(results / "statistics" / "directions.csv").fillna({"doubts": ""})
    return table[table["primary"] | table["preferred"]].set_index(ROW)


def told(row: pd.Series) -> str:
    known = "robust" if row["robust"] else row["doubts"] or row["arrow"]
    interval = f"[{row['percent_low']:+.1f}, {row['percent_high']:+.1f}]"
    return f"{row['percent']:+8.1f}% {interval}, n = {row['n_used']}, {known}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs=2, help="folders of results")
    parser.add_argument("--all", action="store_true", help="every compared row, not only those that are robust once")
    arguments = parser.parse_args()
    one, other = map(compared, arguments.results)
    shared = one.index.intersection(other.index)
    robust = reversed_ = 0
    for row in shared:
        first, second = one.loc[row], other.loc[row]
        arrows = int(first["robust"]) + int(second["robust"])
        if arguments.all or arrows:
            print(", ".join(row), told(first), told(second), sep="\n    ")
        robust += arrows
        if np.sign(first["percent"]) != np.sign(second["percent"]):
            reversed_ += arrows
    print(f"{len(shared)} rows; {robust} robust arrows, {reversed_} with the other sign in the other run")


if __name__ == "__main__":
    main()
