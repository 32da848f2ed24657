"""The README of a study, generated from its statistics: findings, the paper's claims, new seeds, and all directions.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`, where NAME is one of PARTS.
"""

from collections.abc import Iterable
from pathlib import Path

from degeneracy.drawing.words import ARROWS
from degeneracy.report import rows as table
from degeneracy.report.claims import Claim, claims, counted
from degeneracy.report.rows import Row
from degeneracy.statistics.findings import preferred

MEASURES = {  # (metric, measure): column of the table of directions
    ("ood_loss", "sd"): "loss SD",
    ("ood_loss", "log_sd"): "SD of log loss",
    ("dsa", "distance"): "DSA",
    ("soft_dsa", "distance"): "soft DSA",
    ("permutation_distance", "per_n_squared"): "weights / n²",
    ("permutation_distance", "relative"): "weights, relative",
    ("svcca", "distance"): "SVCCA",
}
MARKS = {"agrees": " ✓", "disagrees": " ✗"}
BEGIN, END = "<!-- generated: {} -->\n", "<!-- end -->"
NEW = """# Results of a study

{lead}
## Findings

The change of degeneracy from the first to the last level, with its interval. It is *robust* if interval, test, variants
of the metric and both halves of the seeds agree ([how](../../workflow/README.md#how-networks-are-compared)).

{findings}
## The paper's claims

Each claim is an arrow of the paper's table. Only a robust arrow answers it.

{claims}
## All directions

An arrow means that interval and test agree, `~` that they do not; bold arrows are robust. ✓ and ✗ say whether the arrow
agrees with the paper's.

{directions}"""


def markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def lead(folder: Path) -> str:
    """How many networks and comparisons there are, and how many of these answer a claim of the paper."""
    rows = table.read(folder / "directions.csv")
    first, said = table.sweeps(rows), claims(rows, _power(folder))
    converged, trained = (
        sum(sum(map(int, row[name].split(", "))) for row in first) for name in ("n_used", "n_networks")
    )
    answers = [answer for claim in said for answer in claim.answers]
    return (
        f"Sweeps: {len(first)}. Networks: {converged} of {trained} converged (shared ones are counted in each "
        f"sweep). The paper's claims: {counted(answers)}."
    )


def findings(folder: Path) -> str:
    """The measure that we trust most of each metric, robust changes first, with effect, interval, n and evidence."""
    rows = preferred(table.read(folder / "directions.csv"))
    head = ("sweep", "measure", "change [interval]", "n", "resolved", "sign agreement", "what is known")
    return markdown(
        head,
        (
            (
                table.title(row),
                row["measure_name"],
                f"{ARROWS[row['arrow']]} {table.change(row)}",
                table.counts(row),
                {"True": "yes", "False": "no"}.get(row.get("resolved", ""), "not tested"),
                table.evidence(row),
                table.known(row),
            )
            for row in rows
        ),
    )


def directions(folder: Path) -> str:
    """Change of degeneracy in every sweep under the compared measures, from the table of directions."""
    rows = table.read(folder / "directions.csv")
    cells = {(row["sweep"], row["metric"], row["measure"]): _cell(row) for row in table.compared(rows)}
    columns = {measure: name for measure, name in MEASURES.items() if any(key[1:] == measure for key in cells)}
    lines = []
    for row in table.sweeps(rows):
        used = f" (n = {row['n_used']})" if row["n_used"] != row["n_networks"] else ""
        shown = (cells.get((row["sweep"], *measure), "") for measure in columns)
        lines.append((row["paper_factor"], f"{table.title(row)}{used}", *shown))
    return markdown(("factor", "task, levels", *columns.values()), lines)


def _cell(row: Row) -> str:
    """`↓ −76% [−88, −54] ✓`, in bold if it is robust."""
    return _bold(row) + MARKS.get(row["agreement"], "")


def _bold(row: Row) -> str:
    text = f"{ARROWS[row['arrow']]} {table.change(row)}"
    return f"**{text}**" if table.state(row) == "robust" else text


def told(folder: Path) -> str:
    """The paper's claims, each with its answers."""
    return "\n\n".join(map(_claim, claims(table.read(folder / "directions.csv"), _power(folder))))


def _claim(claim: Claim) -> str:
    place = f"the paper's table, {claim.factor}, {claim.aspect} {ARROWS[claim.arrow]}"
    head = f"**{claim.sentence}** ({place}): {claim.summary}."
    answers = (
        (table.title(one.row), one.row["measure_name"], f"{ARROWS[one.row['arrow']]} {table.change(one.row)}", *one[1:])
        for one in claim.answers
    )
    return f"{head}\n\n{markdown(('sweep', 'measure', 'ours', 'verdict', 'why'), answers)}" if claim.answers else head


def replication(folder: Path) -> str:
    """The compared changes beside those in `replication.csv`, the table of directions of networks of other seeds."""
    shared = repeated(folder / "directions.csv", folder / "replication.csv")
    robust, both, turned = robust_counts(shared)
    lines = ((table.title(row), row["measure_name"], _bold(row), _bold(other)) for row, other in shared)
    return (
        f"Robust (bold) here or there: {robust} changes; in both: {both}; with different signs: {turned}.\n\n"
        f"{markdown(('sweep', 'measure', 'these networks', 'new seeds'), lines)}"
    )


def repeated(one: Path, other: Path) -> list[tuple[Row, Row]]:
    """The compared rows that two tables of directions share, where both know the change."""
    mine, theirs = (
        {(row["sweep"], row["metric"], row["measure"]): row for row in table.compared(table.read(path)) if row["trend"]}
        for path in (one, other)
    )
    return [(row, theirs[key]) for key, row in mine.items() if key in theirs]


def robust_counts(shared: list[tuple[Row, Row]]) -> tuple[int, int, int]:
    """How many changes are robust in one of two tables, how many of these in both, and how many differ in sign."""
    robust = [pair for pair in shared if "robust" in map(table.state, pair)]
    both = sum(table.state(row) == table.state(other) for row, other in robust)
    turned = sum(table.number(row, "trend") * table.number(other, "trend") < 0 for row, other in robust)
    return len(robust), both, turned


def _power(folder: Path) -> list[Row]:
    """The table of power beside that of directions, if there is one."""
    path = folder / "power.csv"
    return table.read(path) if path.is_file() else []


PARTS = {"lead": lead, "findings": findings, "claims": told, "replication": replication, "directions": directions}


def new() -> str:
    """A README that has a place for every part."""
    return NEW.format(**{name: BEGIN.format(name) + END + "\n" for name in PARTS})
