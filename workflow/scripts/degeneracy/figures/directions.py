"""In which direction does degeneracy change as a factor rises, and is it the direction that the paper reports?

Each block is a factor and each column a sweep. For each aspect there is a row for the measure of the paper and, if it
is another one, a row for the measure that we trust most. A tilde means that the interval contains 0, that the test does
not see the change, that a level is not resolved (its floor is more than a quarter of its degeneracy), or that behaviour
has fewer than 20 networks. A hollow arrow is one that interval and test support. A robust arrow, in a coloured cell,
also has a small adjusted p, has its sign in at least 90% of the variants of its metric, and has it in the networks of
even and in those of odd seeds. The numbers are the fitted change from the first to the last level, in percent of the
degeneracy at the first level, with its interval, not adjusted for multiple tests. They come from the logarithm of the
ratio of the levels. Where a level is not positive, they are the difference instead, in units of the measure. p is from
a permutation of networks between levels, adjusted (Holm) within the block. n counts the networks that converged at each
level. Colour and word say whether the direction agrees (green) with that of the paper, which is given with the row, or
disagrees (vermillion). In blue cells there is nothing to compare it with.
"""

import textwrap

import numpy as np

from degeneracy.drawing import style
from degeneracy.drawing.arrows import ARROWS, evidence, sign, state
from degeneracy.drawing.panel import signed

SCOPE = "experiment"
READS = ("directions",)
CELL = (1.85, 0.68)  # inches
MARGIN, HEAD = 2.3, 0.8  # inches for the names of the rows and of the columns
COLOURS = {"agrees": style.GREEN, "disagrees": style.VERMILLION, "": style.BLUE}
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
    shelves = _shelves(blocks)
    width = max(sum(map(_width, shelf)) for shelf in shelves)
    height = sum(max(map(_height, shelf)) for shelf in shelves)
    figure = style.plt.figure(figsize=(width, height))
    figure.set_layout_engine("none")
    top = height
    for shelf in shelves:
        left = 0.0
        for block in shelf:
            cells = (_width(block) - MARGIN, _height(block) - HEAD)
            place = ((left + MARGIN) / width, (top - _height(block)) / height, cells[0] / width, cells[1] / height)
            _draw_block(figure.add_axes(place), block)
            left += _width(block)
        top -= max(map(_height, shelf))
    return figure


def _shelves(blocks: list) -> list[list]:
    """Blocks in shelves: side by side while they are not wider than the widest block, then on the next shelf."""
    widest = max(map(_width, blocks))
    shelves = [[]]
    for block in blocks:
        if sum(map(_width, shelves[-1])) + _width(block) > widest and shelves[-1]:
            shelves.append([])
        shelves[-1].append(block)
    return shelves


def _width(block) -> float:
    return MARGIN + CELL[0] * block["sweep"].nunique()


def _height(block) -> float:
    return HEAD + CELL[1] * len(_measures(block))


def _measures(block) -> list[tuple[str, str]]:
    """Rows of a block: (metric, measure), by aspect, the measure of the paper first."""
    named = block.assign(place=[ASPECTS.index(aspect) for aspect in block["metric_level"]])
    named = named.sort_values(["place", "metric", "primary"], ascending=[True, True, False], kind="stable")
    return list(dict.fromkeys(zip(named["metric"], named["measure"], strict=True)))


def _draw_block(axis, block) -> None:
    """Draw the table of one factor: sweeps from left to right, measures from top to bottom."""
    sweeps, measures = list(dict.fromkeys(block["sweep"])), _measures(block)
    axis.set(xlim=(0, len(sweeps)), ylim=(len(measures), 0))
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.xaxis.tick_top()
    for row in block.itertuples():
        x, y = sweeps.index(row.sweep), measures.index((row.metric, row.measure))
        colour = COLOURS[row.agreement] if row.robust else "white"
        filled = style.plt.Rectangle((x, y), 1, 1, facecolor=colour, alpha=0.35, edgecolor="none")
        outline = style.plt.Rectangle((x, y), 1, 1, facecolor="none", edgecolor=style.GREY, linewidth=0.6)
        for patch in (filled, outline):
            axis.add_patch(patch)
        known = row.trend == row.trend
        axis.text(x + 0.05, y + 0.36, sign(row) if known else "", va="center", fontsize=11)
        axis.text(x + 0.18, y + 0.18, _change(row).replace("-", "−"), va="center", fontsize=6.5)
        test = "" if np.isnan(row.holm_p) else f"p = {row.holm_p:.2g}"
        lines = (_counts(row), f"{test}  {_words(row)}".strip(), evidence(row))
        for place, line in zip((0.41, 0.62, 0.83), lines, strict=True):
            axis.text(x + 0.18, y + place, line, va="center", fontsize=6)
    heads = [block[block["sweep"] == sweep].iloc[0] for sweep in sweeps]
    names = [f"{head.task.replace('_', ' ')}\n{head.factor.split('.')[1].replace('_', ' ')}" for head in heads]
    labels = [f"{name}\n{textwrap.shorten(head['levels'], 26)}" for name, head in zip(names, heads, strict=True)]
    axis.set_xticks(np.arange(len(sweeps)) + 0.5, labels)
    shown = [block[(block["metric"] == metric) & (block["measure"] == measure)].iloc[0] for metric, measure in measures]
    axis.set_yticks(np.arange(len(measures)) + 0.5, [_row_name(row) for row in shown])
    axis.annotate(
        block["paper_factor"].iloc[0],
        (0, 1),
        (-4, 8),
        "axes fraction",
        textcoords="offset points",
        ha="right",
        weight="bold",
    )


def _row_name(row) -> str:
    said = f"   paper {ARROWS[row.paper_arrow]}" if row.paper_arrow else ""
    return f"{row.metric_level}{said}\n{textwrap.fill(row.measure_name, 34)}"


def _words(row) -> str:
    """Whether the direction agrees with that of the paper, and what is known of it."""
    return ", ".join(dict.fromkeys(filter(None, [state(row), row.agreement])))


def _change(row) -> str:
    """`+12% [5, 20]`; in units of the measure where there is no ratio of the levels."""
    if np.isnan(row.trend):
        return "no trend"
    if np.isnan(row.percent_low):
        ends = "no interval" if np.isnan(row.trend_low) else f"[{signed(row.trend_low)}, {signed(row.trend_high)}]"
        return f"{signed(row.trend)} {ends}"
    digits = 0 if abs(row.percent) >= 10 else 1
    return f"{row.percent:+.{digits}f}% [{row.percent_low:.{digits}f}, {row.percent_high:.{digits}f}]"


def _counts(row) -> str:
    """`n = 10, 9, 10 of 10`; a single number where all levels have the same."""
    used, trained = (
        text.split(", ")[0] if len(set(text.split(", "))) == 1 else text for text in (row.n_used, row.n_networks)
    )
    return f"n = {used}" + (f" of {trained}" if row.n_used != row.n_networks else "")
