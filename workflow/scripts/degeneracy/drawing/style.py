"""The style of all figures: one or two columns wide, colour-blind safe, vector output with text kept as text."""

from contextlib import contextmanager
from pathlib import Path
from string import ascii_lowercase

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from degeneracy.artifacts.atomic import whole

COLUMN, PAGE = 89 / 25.4, 183 / 25.4  # inches: the widths of one and of two columns of a journal
HEIGHT = 2.1  # inches, of a panel, at most
PAGE_HIGH = 9.1  # inches, of all panels
GREY = "0.55"
# Okabe & Ito (2008): distinct for all readers
BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SETTINGS = {
    "axes.formatter.limits": (-3, 4),  # powers of ten outside of them are written once, above the axis
    "axes.formatter.use_mathtext": True,
    "axes.labelsize": 8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "font.size": 8,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
    "svg.fonttype": "none",
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
}


@contextmanager
def applied():
    """Apply the style to what is drawn inside the context."""
    with matplotlib.rc_context(SETTINGS):
        yield


def panels(rows: int, columns: int, lettered: bool = True, **kwargs):
    """A figure with equal panels and their letters, a column or a page wide, and its axes (row, column)."""
    width = COLUMN if columns <= 1 else PAGE
    height = min(HEIGHT, 1.1 * width / max(columns, 1), PAGE_HIGH / max(rows, 1))
    figure, axes = plt.subplots(rows, columns, figsize=(width, height * max(rows, 1)), squeeze=False, **kwargs)
    letters(axes.flat if lettered else ())
    return figure, axes


def wall(count: int, across: int, **kwargs):
    """A figure with `count` equal panels and their letters, at most `across` side by side, and a list of its axes."""
    rows = max(-(-count // across), 1)
    columns = max(-(-count // rows), 1)
    figure, axes = panels(rows, columns, lettered=False, **kwargs)
    for axis in axes.flat[count:]:
        axis.set_axis_off()
    shown = list(axes.flat[:count])
    for axis in shown[-columns:]:  # no panel below: they have the labels of an x axis that panels share
        axis.tick_params(labelbottom=True)
    letters(shown)
    return figure, shown


def label_outer(axes, x: str, y: str) -> None:
    """Name the axes that the panels of a wall share: x where no panel is below, y at the left."""
    columns = axes[0].get_subplotspec().get_gridspec().ncols
    for place, axis in enumerate(axes):
        axis.set(xlabel=x if place + columns >= len(axes) else "", ylabel=y if place % columns == 0 else "")


def letters(axes, x: float = -0.14) -> None:
    """Write a, b, c, … at the upper left of the panels (x: share of their width), unless there is only one."""
    axes = list(axes)
    for place, axis in enumerate(axes if len(axes) > 1 else ()):
        letter = ascii_lowercase[place % 26] * (1 + place // 26)
        axis.set_title(letter, loc="left", x=x, fontweight="bold", fontsize=8)


def labelled(figure) -> dict:
    """The labelled artists of a figure, by label."""
    found = [axis.get_legend_handles_labels() for axis in figure.axes]
    return {label: handle for handles, labels in found for handle, label in zip(handles, labels, strict=True)}


def legend_below(figure, labelled: dict) -> None:
    """Add one legend below all panels, of handles by label; the figure grows by as many rows as it needs."""
    room = figure.get_size_inches()[0] / 0.062  # letters of 7 points
    wide = [len(label) + 6 for label in labelled]
    if labelled:
        columns = len(wide) if sum(wide) <= room else max(1, int(room / max(wide)))
        figure.set_figheight(figure.get_figheight() + 0.1 + 0.15 * -(-len(wide) // columns))
        figure.legend(labelled.values(), labelled.keys(), loc="outside lower center", ncols=columns)


def level_colours(levels) -> dict:
    """One colour per level, from dark to light in the order of the levels (viridis without its pale end)."""
    shades = plt.get_cmap("viridis")(np.linspace(0.05, 0.85, len(levels)))
    return dict(zip(levels, shades, strict=True))


def save(figure, paths) -> None:
    """Write a figure to each path, without a date, so that equal figures give equal files."""
    for path in map(Path, paths):
        ending = path.suffix[1:]
        with whole(path) as temporary:
            figure.savefig(temporary, format=ending, metadata={"CreationDate": None} if ending == "pdf" else {})
    plt.close(figure)
