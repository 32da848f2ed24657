"""Does the conclusion depend on a setting? The change of degeneracy under all variants of each metric.

Each panel is a metric of the table of directions, and each line a variant: the metric with other options, another
metric that says in its file that it is a variant of it, or another measure. Dots are the fitted change from the first
to the last level, on the scale of its logarithm, and lines are its intervals, which may leave the panel. Crosses are
the same between probe and replicate trials, where these are two sets. Blue is the sign of the first line, and
vermillion the other sign. A dot is filled if interval and test agree on an arrow. Below are the networks of even and of
odd seeds, two replications within the run (diamonds). Titles say whether the arrow of the first line
is robust: its adjusted p-value is small enough, it is resolved, at least 90% of three or more variants have its sign,
and so do both halves. Variants with equal changes count once.
"""

import numpy as np

from degeneracy.drawing import style
from degeneracy.drawing.arrows import COLOURS, evidence, sign, state
from degeneracy.statistics.halves import HALVES
from degeneracy.statistics.sensitivity import family

READS = ("statistics", "directions")
METRICS = ("ood_loss", "dsa", "soft_dsa", "permutation_distance", "svcca")
PER_ROW = 2  # panels
LINE, HEAD = 0.15, 1.0  # inches, of a variant, and of a panel beside them
KEY = {  # marker, colour, and what fills it
    "change, supported by interval and test": ("o", style.BLUE, style.BLUE),
    "not supported": ("o", style.BLUE, "white"),
    "other sign": ("o", style.VERMILLION, style.VERMILLION),
    "half of the seeds": ("D", style.BLUE, style.BLUE),
    "between probe and replicate trials": ("x", "0.3", "0.3"),
}
TICKS = (-99, -95, -90, -75, -50, -30, -20, -10, -5, -2, 0, 2, 5, 10, 20, 30, 50, 100, 200, 400, 1000, 3000, 10000)


def draw(sweep):
    rows = [row for _, row in sweep.directions.to_dataframe().iterrows()]
    shown = [(row, family(row, rows)) for name in METRICS for row in rows if row.metric == name and row.preferred]
    counts = [len(variants) + len(HALVES) for _, variants in shown] or [len(HALVES)]
    lines = [max(counts[first : first + PER_ROW]) for first in range(0, len(counts), PER_ROW)]  # of a row of panels
    high = [HEAD + LINE * each for each in lines]
    figure, axes = style.wall(len(shown), PER_ROW, height_ratios=high)
    figure.set_figheight(min(sum(high), style.PAGE_HIGH))
    for place, (axis, (row, variants)) in enumerate(zip(axes, shown, strict=True)):
        _panel(axis, variants, sweep.statistics[row.metric].sel(measure=row.measure)["half_percent"].values)
        axis.set_ylim(lines[place // PER_ROW] - 0.5, -0.5)
        axis.set_xlabel(f"change over {sweep.factor_name} (%)")
        title = f"{row.metric_level}: {row.measure_name}\n{sign(row)} {state(row)}\n{evidence(row)}"
        axis.set_title(title, fontsize=7, color=COLOURS[state(row)])
    style.legend_below(figure, {name: _mark(*key) for name, key in KEY.items()})
    return figure


def _mark(marker: str, colour: str, fill: str):
    return style.plt.Line2D([], [], color=colour, marker=marker, markerfacecolor=fill, linestyle="", markersize=4)


def _panel(axis, variants: list, halves: np.ndarray) -> None:
    """Draw the changes of one metric, a variant a line, and below those of the halves."""
    changes = [*(row.percent for row in variants), *halves]
    clear = [*(row.arrow != "unclear" for row in variants), *(True for _ in halves)]
    for line, row in enumerate(variants):
        axis.plot(_scaled(row.percent_replicate), line, "x", color="0.3", markersize=4, zorder=3)
        axis.plot(_scaled([row.percent_low, row.percent_high]), [line, line], color=style.GREY, linewidth=0.8)
    for line, (change, filled) in enumerate(zip(changes, clear, strict=True)):
        colour = style.BLUE if np.sign(change) == np.sign(changes[0]) else style.VERMILLION
        marker, fill = "o" if line < len(variants) else "D", colour if filled else "white"
        axis.plot(_scaled(change), line, marker, color=colour, markerfacecolor=fill, markersize=4)
    axis.axvline(0, color="0.3", linewidth=0.6, zorder=0)
    axis.set_yticks(range(len(changes)), [*map(_label, variants), *(f"{half} seeds" for half in HALVES)], fontsize=6)
    axis.tick_params(axis="y", length=0)
    _label_changes(axis, _scaled(changes))


def _scaled(percent) -> np.ndarray:
    """The logarithm of the ratio of the last level to the first; −100% has none."""
    with np.errstate(divide="ignore"):
        return np.log1p(np.asarray(percent, float) / 100)


def _label_changes(axis, places: np.ndarray) -> None:
    """Fit the axis to the changes and 0, and label some of TICKS that have room."""
    known = np.append(places[np.isfinite(places)], 0)
    low, high = known.min(), known.max()
    margin = 0.15 * (high - low) or 0.1
    axis.set_xlim(low - margin, high + margin)
    ticks = [0]
    for tick in sorted(TICKS, key=abs):
        place, apart = _scaled(tick), (high - low + 2 * margin) / 6
        if low - margin < place < high + margin and np.abs(_scaled(ticks) - place).min() > apart:
            ticks.append(tick)
    axis.set_xticks(_scaled(ticks), [f"{tick:+d}".replace("-", "−") if tick else "0" for tick in ticks])


def _label(row) -> str:
    """The name of a variant, with its measure unless that is the distance of a variant."""
    name = row.metric.replace("_", " ")
    return name if row.variant_of and row.measure == "distance" else f"{name}: {row.measure.replace('_', ' ')}"
