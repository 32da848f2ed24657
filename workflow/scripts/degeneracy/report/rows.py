"""Rows of the table of directions (CSV) in words, as the page and the README of a study show them."""

import csv
import re
from collections.abc import Iterable

from degeneracy.drawing.words import change as change_of
from degeneracy.statistics.paper import COMPLEXITY, OTHER, UNCLEAR

Row = dict[str, str]
FACTORS = (COMPLEXITY, "feature learning", "width", "regularisation", OTHER)
UNKNOWN = "no change known"
CHANGE = [f"{kind}{end}" for kind in ("trend", "percent") for end in ("", "_low", "_high")]


def read(path) -> list[Row]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def number(row: Row, name: str) -> float:
    """A number of a row; NaN where it is empty, or where the table is an older one without the column."""
    return float(row.get(name) or "nan")


def compared(rows: Iterable[Row]) -> list[Row]:
    """The rows that are compared with the paper: its measure of each aspect, and the one that we trust most."""
    return [row for row in rows if "True" in (row["primary"], row["preferred"])]


def sweeps(rows: Iterable[Row]) -> list[Row]:
    """The first row of each sweep, by factor of the paper and name."""
    first = {row["sweep"]: row for row in reversed([*rows])}
    return sorted(first.values(), key=lambda row: (FACTORS.index(row["paper_factor"]), row["sweep"]))


def title(row: Row) -> str:
    """The task of a sweep, its factor and the levels: `flip flop: channels 2, 3, 4`."""
    return f"{words(row['task'])}: {words(row['factor'].partition('.')[2])} {row['levels']}"


def words(name: str) -> str:
    return name.replace("_", " ")


def state(row: Row) -> str:
    """What is known of a change: robust, interval only, unclear, not resolved, or UNKNOWN, as of a single level."""
    if not row["trend"]:
        return UNKNOWN
    if row["arrow"] != UNCLEAR:
        return "robust" if row.get("robust") == "True" else "interval only"
    return UNCLEAR if row.get("resolved") != "False" else "not resolved"


def known(row: Row) -> str:
    """What is known of a change, and what keeps it from being robust: `interval only: fewer than 3 variants`."""
    return ": ".join(filter(None, [state(row), row.get("doubts", "")]))


def change(row: Row) -> str:
    """A change with its interval: `−76% [−88, −54]`; in units of the measure where there is no ratio of the levels."""
    if not row["trend"]:
        return UNKNOWN
    numbers = {name: number(row, name) for name in CHANGE}
    unit = "" if row["measure_unit"] == "1" else f" {row['measure_unit']}"
    return change_of(numbers, unit) or "no interval"  # and so no number either


def counts(row: Row) -> str:
    """How many networks converged at each level, as `10`, or `10, 9, 10 of 10`."""
    used, trained = (shortened(row[name]) for name in ("n_used", "n_networks"))
    return used if row["n_used"] == row["n_networks"] else f"{used} of {trained}"


def shortened(listed: str) -> str:
    """`8` for `8, 8, 8`."""
    return listed.split(", ")[0] if len(set(listed.split(", "))) == 1 else listed


def evidence(row: Row) -> str:
    """What a sign was tried on: `4/6 variants; halves: yes`."""
    share, variants = number(row, "sign_agreement"), number(row, "variants")
    if share != share:
        return "not tested"
    return f"{round(share * variants)}/{variants:.0f} variants; halves: {row['halves_agree']}"


def minus_of_numbers(text: str) -> str:
    """A sentence in which the numbers, and no words, have true minus signs."""
    return re.sub(r"(?<![\w.-])-(?=\d)", "−", text)
