"""In which direction does degeneracy change as a factor rises, and is it the direction that the paper reports?

Each block is a factor, each row a sweep with its task, factor, levels, and the number n of networks that converged at
each level. For each aspect there is a column for the measure of the paper and, if it is another one, a column for the
measure that we trust most. A cell gives the change of degeneracy from the first to the last level, in percent of the
first, with its interval (from the logarithm of the ratio; where a level is not positive, the difference in units of
the measure), which is not adjusted for multiple tests. Below it are p, from a permutation of networks between levels
and adjusted (Holm) within the block, and how many variants of the metric have this sign. A tilde means that the
interval contains 0, that the test does not see the change, that a level is not resolved (its floor is more than a
quarter of its degeneracy), or that behaviour has fewer than 20 networks. A hollow arrow is one that interval and test
support. A robust arrow, in a coloured cell, also has a small p, has its sign in at least 90% of the variants, and has
it in the networks of even and in those of odd seeds. The paper's arrows stand beside the name of the block: a tick
(green) says that ours agrees, a cross (vermillion) that it disagrees; in blue cells there is nothing to compare with.
"""

import textwrap

import numpy as np

from degeneracy.drawing import style
from degeneracy.drawing.arrows import ARROWS, sign, state
from degeneracy.drawing.words import change

SCOPE = "experiment"
READS = ("directions",)
NAMES, CELL = 1.45, (0.95, 0.36)  # inches: the names of the sweeps, and a cell, which is smaller on a full page
HEAD, GAP, HIGH = 0.55, 0.24, 9.7  # inches above the first block, above each other, and in all at most
LETTERS = 30  # of a line of a name
COLOURS = {"agrees": style.GREEN, "disagrees": style.VERMILLION, "": style.BLUE}
MARKS = {"agrees": " ✓", "disagrees": " ✗"}
ORDER = ("complexity", "feature learning", "width", "regularisation", "other")
ASPECTS = ("behaviour", "dynamics", "weights", "representation", "learning")


def draw(experiment):
    rows = experiment.directions.to_dataframe()
    rows = rows[rows["primary"].astype(bool) | rows["preferred"].astype(bool)]
    blocks = [rows[rows["paper_factor"] == factor] for factor in ORDER]
    blocks = [block for block in blocks if len(block)]
    if not blocks:
        figure, axes = style.panels(1, 1)
        axes[0, 0].set_axis_off()
        axes[0, 0].text(0.5, 0.5, "this experiment has none of\nthe metrics compared", ha="center", va="center")
        return figure
    measures = _measures(rows)
    wanted = NAMES + CELL[0] * len(measures)
    width = style.COLUMN if wanted <= style.COLUMN else style.PAGE
    above, sweeps = HEAD + GAP * len(blocks), sum(block["sweep"].nunique() for block in blocks)
    cell = min(CELL[1], (HIGH - above) / sweeps)
    height = above + cell * sweeps
    figure = style.plt.figure(figsize=(width, height))
    figure.set_layout_engine("none")
    top = height - HEAD
    for place, block in enumerate(blocks):
        tall, wide = cell * block["sweep"].nunique(), min(wanted, width) - NAMES - 0.05
        top -= GAP + tall
        axis = figure.add_axes((NAMES / width, top / height, wide / width, tall / height))
        _draw_block(axis, block, measures)
        axis.tick_params(axis="x", labeltop=place == 0, pad=14)  # above the name of the block
    return figure


def _measures(rows) -> list[tuple[str, str]]:
    """Columns: (metric, measure), by aspect, the measure of the paper first."""
    named = rows.assign(place=[ASPECTS.index(aspect) for aspect in rows["metric_level"]])
    named = named.sort_values(["place", "primary", "metric"], ascending=[True, False, True], kind="stable")
    return list(dict.fromkeys(zip(named["metric"], named["measure"], strict=True)))


def _draw_block(axis, block, measures: list[tuple[str, str]]) -> None:
    """Draw the table of one factor: sweeps from top to bottom, measures from left to right, in lines of text."""
    sweeps = list(dict.fromkeys(block["sweep"]))
    axis.set(xlim=(0, len(measures)), ylim=(len(sweeps), 0))
    axis.tick_params(length=0, labelsize=6)
    axis.spines[:].set_visible(False)
    axis.xaxis.tick_top()
    for row in block.itertuples():
        x, y = measures.index((row.metric, row.measure)), sweeps.index(row.sweep)
        colour = COLOURS[row.agreement] if row.robust else "white"
        filled = style.plt.Rectangle((x, y), 1, 1, facecolor=colour, alpha=0.35, edgecolor="none")
        outline = style.plt.Rectangle((x, y), 1, 1, facecolor="none", edgecolor=style.GREY, linewidth=0.5)
        for patch in (filled, outline):
            axis.add_patch(patch)
        if row.trend != row.trend:
            axis.text(x + 0.04, y + 0.5, "no change known", va="center", fontsize=6, color="0.4")
            continue
        told = change(row._asdict()) or "no interval"
        lines = [*told.replace(" [", "\n[").split("\n"), _evidence(row)]
        for place, line in enumerate(lines):
            middle = y + (place + 0.65) / (len(lines) + 0.25)
            left, colour = (0.03, "0.3") if place == len(lines) - 1 else (0.14, "0")
            axis.text(x + left, middle, line, va="center", fontsize=6, color=colour)
        axis.text(x + 0.02, y + 0.65 / (len(lines) + 0.25), sign(row), va="center", fontsize=7)
    heads = [block[block["sweep"] == sweep].iloc[0] for sweep in sweeps]
    axis.set_yticks(np.arange(len(sweeps)) + 0.5, [_row_name(head) for head in heads])
    known = {(row.metric, row.measure): row for row in block.itertuples()}
    labels = [_column_name(known[one]) if one in known else "" for one in measures]
    axis.set_xticks(np.arange(len(measures)) + 0.5, labels)
    said = {row.metric_level: ARROWS[row.paper_arrow] for row in block.itertuples() if row.paper_arrow}
    listed = ", ".join(f"{aspect} {said[aspect]}" for aspect in ASPECTS if aspect in said)
    paper = f" (paper: {listed})" if said else ""
    where = {"xycoords": "axes fraction", "textcoords": "offset points", "annotation_clip": False}
    axis.annotate(
        f"{block['paper_factor'].iloc[0]}{paper}", (0, 1), (-NAMES * 72 + 4, 4), weight="bold", size=7, **where
    )


def _row_name(row) -> str:
    task, factor = row.task.replace("_", " "), row.factor.split(".")[1].replace("_", " ")
    lines = task, f"{factor}: {row['levels']}", _counts(row)
    return "\n".join(textwrap.shorten(line, LETTERS, placeholder=" …") for line in lines)


def _column_name(row) -> str:
    return f"{row.metric_level}\n{textwrap.fill(row.measure_name, 17)}"


def _evidence(row) -> str:
    """What an arrow was tried on: the adjusted p, and the variants that have its sign."""
    if state(row) == "not resolved":
        return "not resolved"
    p = "< 0.001" if row.holm_p < 0.001 else f"= {row.holm_p:.{3 if row.holm_p < 0.01 else 2}f}"
    test = "" if np.isnan(row.holm_p) else f"p {p}, "
    return f"{test}{round(row.sign_agreement * row.variants)}/{row.variants}{MARKS.get(row.agreement, '')}"


def _counts(row) -> str:
    """`n = 10, 9, 10 of 10`; a single number where all levels have the same."""
    used, trained = (
        text.split(", ")[0] if len(set(text.split(", "))) == 1 else text for text in (row.n_used, row.n_networks)
    )
    return f"n = {used}" + (f" of {trained}" if row.n_used != row.n_networks else "")
