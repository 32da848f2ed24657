"""Which metrics agree, as a part of the README of `resources/neighbours_results`."""

import csv
from pathlib import Path

from degeneracy.drawing.words import minus
from degeneracy.report.study import markdown

SHOWN = 12  # pairs of metrics
SWEEPS = ("channels", "lorenz63")  # as in the names of the tables


def correlations(folder: Path) -> str:
    """The figure, and the pairs of metrics that correlate most in the first sweep, with the same in the second.

    From the tables `mantel-<sweep>.csv` in the folder.
    """
    paths = [folder / f"mantel-{sweep}.csv" for sweep in SWEEPS]
    if not all(path.exists() for path in paths):
        return "Not run yet."
    tables = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            tables.append({(row["metric"], row["other_metric"]): row for row in csv.DictReader(file)})
    known = [pair for pair, row in tables[0].items() if row["n_networks"] != "0"]
    largest = sorted(known, key=lambda pair: -float(tables[0][pair]["correlation"]))[:SHOWN]
    rows = [(f"`{one}`, `{other}`", *(_told(table.get((one, other))) for table in tables)) for one, other in largest]
    return "![Correlations of all metrics](agreement.png)\n\n" + markdown(("metrics", "flip-flop", "Lorenz-63"), rows)


def _told(row: dict | None) -> str:
    """A correlation with its interval, in bold if its adjusted p-value is at most 5%: `**0.71** [0.52, 0.83]`."""
    if row is None or row["n_networks"] == "0":
        return ""
    value, low, high = (minus(f"{float(row[key]):.2f}") for key in ("correlation", "low", "high"))
    strong = "**" if float(row["holm_p"]) <= 0.05 else ""
    return f"{strong}{value}{strong} [{low}, {high}]"
