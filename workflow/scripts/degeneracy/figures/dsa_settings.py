"""Which delays and rank should `dsa` have? What each setting predicts, and what the distance is under it.

A column is a number of delays, and a line is a level (mean over its networks). First and second row: share of the
variance that a linear model leaves unexplained one step and some steps ahead, on trials that it was not fitted to.
Third row: the last singular value that is kept over the next one; where it is near 1, the rank cuts a block of equal
directions. Fourth row: mean DSA distance over that of a network from itself on other trials; above the dotted line it
is resolved. The vertical line is the choice of a rule that sees no distance. It takes the settings whose errors, both
and at every level, are at most 5% above the smallest of that level. Of these it takes the fewest delays, and of their
ranks the one whose smallest gap over the levels is widest. The whole sweep then has this setting. If no setting is that
good at all levels, there is no line.
"""

import numpy as np
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from degeneracy.drawing import style
from degeneracy.drawing.panel import legend
from degeneracy.plugins.discovery import Plugin

READS = ("metrics",)
METRICS = ("dsa_settings",)
NEAR = 1.05  # of the smallest error
RESOLVED = 4  # distance over floor


def draw(sweep):
    plugin, measured = Plugin("metrics", "dsa_settings"), sweep.metrics["dsa_settings"]
    delays, ranks = (plugin.constant(name) for name in ("DELAYS", "RANKS"))
    near, far, gap, distance, floor = (
        np.stack([mean_of_networks(data[name].values) for data in measured.values()])
        for name in ("error_one_step", "error", "gap", "dsa_distance", "dsa_floor")
    )  # (level, delays, rank)
    place = choice((near, far), gap)
    figure, axes = style.panels(4, len(delays))
    colours = style.level_colours(list(measured))
    rows = (
        ("error, one step", near),
        ("error, some steps", far),
        ("gap at the cut", gap),
        ("distance / floor", distance / floor),
    )
    for row, (label, values) in zip(axes, rows, strict=True):
        for column, axis in enumerate(row):
            for level, curve in zip(colours, values[:, column], strict=True):
                axis.plot(ranks, curve, "-o", color=colours[level], markersize=3, label=sweep.at(level))
            if place and place[0] == column:
                axis.axvline(ranks[place[1]], color="0.3", linewidth=0.8, label="choice")
            axis.set(ylabel=label if column == 0 else "")
            axis.sharey(row[0])
            axis.tick_params(labelleft=column == 0)
    for axis in axes[2:].flat:  # ratios
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    for axis in axes[3]:
        axis.axhline(RESOLVED, linestyle=":", color="0.3", linewidth=0.8)
        axis.set(xlabel="rank")
    for axis, count in zip(axes[0], delays, strict=True):
        axis.set_title(f"{count} delay{'s' * (count > 1)}")
    legend(figure)
    return figure


def mean_of_networks(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    return np.where(known, values, 0).sum(0) / np.where(known.any(0), known.sum(0), np.nan)


def choice(errors: tuple[np.ndarray, ...], gap: np.ndarray) -> tuple[int, int] | None:
    """Place in the grid of the setting that the rule of the caption chooses, from (level, delays, rank)."""
    good = np.all([error <= NEAR * np.nanmin(error, axis=(1, 2), keepdims=True) for error in errors], axis=(0, 1))
    if not good.any():  # (delays, rank)
        return None
    row = int(np.flatnonzero(good.any(1))[0])
    return row, int(np.argmax(np.where(good[row], gap[:, row].min(0), -np.inf)))
