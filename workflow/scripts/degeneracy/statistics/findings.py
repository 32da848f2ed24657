"""The findings of an experiment in words: the rows of the table of directions that a reader asks for first."""

import csv

from degeneracy.statistics.paper import UNCLEAR, UP

MOST = 10  # lines, unless more changes are robust


def findings(path, sweep: str = "") -> list[str]:
    """Sentences on the sweeps of a table of directions (CSV), or on one of them, from the rows that are `preferred`.

    Robust changes are all written out, others up to MOST lines; one more line counts the rest, and one names the sweeps
    of a single level.
    """
    with open(path, newline="", encoding="utf-8") as file:
        read = [row for row in csv.DictReader(file) if sweep in ("", row["sweep"])]
    rows, shown = _without_variants(read), preferred(read)
    single = list(dict.fromkeys(row["sweep"] for row in rows if len(_levels(row)) == 1))
    sentences = [sentence(row, _name(row, rows)) for row in shown]
    told = max(MOST - 1, sum(row["arrow"] != UNCLEAR and not row["doubts"] for row in shown))
    if len(sentences) > told + 1:
        sentences[told:] = [f"and {len(sentences) - told} more, none of them robust"]
    return sentences + ([f"nothing to compare at a single level: {', '.join(single)}"] if single else [])


def preferred(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows to tell first: robust arrows, then those of their interval only, then changes that are unclear.

    There is one for each metric with a measure that this project prefers. A sweep without any has one for the first
    measure of each metric. Variants stand beside their metric, and a single level has no change.
    """
    rows = [row for row in _without_variants(rows) if len(_levels(row)) > 1]
    first = {(row["sweep"], row["metric"]): row for row in reversed(rows)}
    shown = [row for row in rows if row["preferred"] == "True"]
    others = {row["sweep"] for row in rows} - {row["sweep"] for row in shown}
    shown += [row for row in rows if row["sweep"] in others and row is first[row["sweep"], row["metric"]]]
    return sorted(shown, key=lambda row: (row["arrow"] == UNCLEAR, row.get("doubts", "") != ""))


def _without_variants(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    metrics = {(row["sweep"], row["metric"]) for row in rows}
    return [row for row in rows if (row["sweep"], row.get("variant_of", "")) not in metrics]


def _levels(row: dict[str, str]) -> list[str]:
    return row["levels"].split(", ")


def _name(row: dict[str, str], rows: list[dict[str, str]]) -> str:
    """The task of a row, or its sweep if another sweep of the task has the same factor."""
    sweeps = {other["sweep"] for other in rows if (other["task"], other["factor"]) == (row["task"], row["factor"])}
    return row["task"] if len(sweeps) == 1 else row["sweep"]


def sentence(row: dict[str, str], name: str) -> str:
    """One row in words: what changes from the first to the last level, with its interval and the number of networks."""
    levels, used = _levels(row), row["n_used"].split(", ")
    factor = row["factor"].partition(".")[2].replace("_", " ")
    count = f"n = {used[0]} per level" if len(set(used)) == 1 else f"n = {row['n_used']}"
    turns = ", but not at every level" if row["monotone"] == "no" and row["arrow"] != UNCLEAR else ""
    known = f"; interval only: {row['doubts']}" if row["doubts"] else ""
    return f"{name}, {factor} {levels[0]} → {levels[-1]}: {row['measure_name']} {change(row)}{turns}{known} ({count})"


def change(row: dict[str, str]) -> str:
    """`rises by 12% [9, 15]`, or that no change is clear; in units of the measure if there is no percentage."""
    kind, unit = ("percent", "%") if row["percent_low"] else ("trend", "")
    if kind == "trend" and row["measure_unit"] != "1":
        unit = f" {row['measure_unit']}"
    numbers = [row[name] for name in (kind, f"{kind}_low", f"{kind}_high")]
    if numbers[0] and not any(numbers[1:]):
        return f"shows no clear change, {digits(float(numbers[0]), '+')}{unit}: too few networks for an interval"
    if not all(numbers):
        return "has no known change: too few networks converged, or the levels have no order"
    value, low, high = map(float, numbers)
    if row["arrow"] == UNCLEAR:
        return f"shows no clear change, {digits(value, '+')}{unit} [{digits(low, '+')}, {digits(high, '+')}]"
    verb, ends = ("rises", (low, high)) if row["arrow"] == UP else ("falls", (-high, -low))
    return f"{verb} by {digits(abs(value))}{unit} [{digits(ends[0])}, {digits(ends[1])}]"


def digits(number: float, sign: str = "-") -> str:
    """Three digits, or all of those before the point; never a power of ten for a large number."""
    return f"{number:{sign},.0f}" if abs(number) >= 1000 else f"{number:{sign}.3g}"
