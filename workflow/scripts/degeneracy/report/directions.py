"""The table of directions as HTML: a row for each sweep, a column for each measure that is compared."""

from html import escape

from degeneracy.drawing.words import ARROWS
from degeneracy.report import rows as table
from degeneracy.report.rows import Row
from degeneracy.statistics.paper import PAPER_ARROWS

ASPECTS = ("behaviour", "dynamics", "weights", "representation", "learning")
STYLES = {"robust": "robust", "interval only": "interval"}


def directions(rows: list[Row]) -> str:
    """The table, by factor of the paper; a sentence if there is nothing to compare."""
    shown = table.compared(rows)
    if not shown:
        return "<p>This experiment has none of the measures that are compared.</p>"
    heads = {_measure(row): row for row in reversed(shown)}
    ordered = sorted(heads, key=lambda key: _place(heads[key]))
    cells = {(row["sweep"], *_measure(row)): _cell(row) for row in shown if row["trend"]}
    lines = ["<tr><th>sweep</th>" + "".join(_head(heads[key]) for key in ordered) + "</tr>"]
    last = ""
    for first in table.sweeps(rows):
        if first["paper_factor"] != last:
            last = first["paper_factor"]
            lines.append(f'<tr><th colspan="{len(heads) + 1}">{escape(last)}{_paper(last)}</th></tr>')
        own = "".join(cells.get((first["sweep"], *key), f'<td class="none">{table.UNKNOWN}</td>') for key in ordered)
        if not any(key[0] == first["sweep"] for key in cells):
            own = f'<td class="none" colspan="{len(heads)}">{table.UNKNOWN}: {escape(_reason(first))}</td>'
        lines.append(f"<tr><td>{escape(table.title(first))}<small>n = {table.counts(first)}</small></td>{own}</tr>")
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def _measure(row: Row) -> tuple[str, str]:
    return row["metric"], row["measure"]


def _place(row: Row) -> tuple:
    """Columns are by aspect; of each the measure of the paper comes first."""
    return ASPECTS.index(row["metric_level"]), row["primary"] != "True", row["metric"]


def _reason(row: Row) -> str:
    return row["remark"].partition(";")[0]


def _head(row: Row) -> str:
    return f"<th>{escape(row['metric_level'])}<small>{escape(row['measure_name'])}</small></th>"


def _paper(factor: str) -> str:
    """The paper's arrows for a factor."""
    said = ", ".join(f"{aspect} {ARROWS[arrow]}" for aspect, arrow in PAPER_ARROWS.get(factor, {}).items())
    return f" <small>in the paper: {said}</small>" if said else ""


def _cell(row: Row) -> str:
    """The change with its interval, what is known of it, and what it was tried on."""
    state = table.state(row)
    agreement = row["agreement"] if row["agreement"] in ("agrees", "disagrees") else ""
    known = "; ".join(filter(None, [f"{state}, {agreement}" if agreement else state, row["doubts"]]))
    p = f"p = {table.number(row, 'holm_p'):.2g}; " if row["holm_p"] else ""
    return (
        f'<td><span class="change {STYLES.get(state, "none")} {agreement}">{ARROWS[row["arrow"]]} '
        f"{escape(table.change(row))}</span><small>{escape(known)}</small>"
        f"<small>{p}{escape(table.evidence(row))}</small></td>"
    )
