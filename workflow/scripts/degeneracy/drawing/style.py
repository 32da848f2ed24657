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
NARROW = 1.15  # inches, of a panel, at least: many panels side by side make the figure wider than a page
GREY = "0.55"
# Okabe & Ito (2008): distinct for all readers
BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SETTINGS = {
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
    width = COLUMN if columns <= 1 else max(PAGE, NARROW * columns)
    height = min(HEIGHT, 1.1 * width / max(columns, 1))
    figure, axes = plt.subplots(rows, columns, figsize=(width, height * max(rows, 1)), squeeze=False, **kwargs)
    letters(axes.flat if lettered else ())
    return figure, axes


def letters(axes, x: float = -0.14) -> None:
    """Write a, b, c, … at the upper left of the panels (x: share of their width), unless there is only one."""
    axes = list(axes)
    for place, axis in enumerate(axes if len(axes) > 1 else ()):
        letter = ascii_lowercase[place % 26] * (1 + place // 26)
        axis.set_title(letter, loc="left", x=x, fontweight="bold", fontsize=8)


def legend_below(figure, labelled: dict) -> None:
    """Add one legend below all panels, of handles by label, in as many rows as it needs."""
    room = figure.get_size_inches()[0] / 0.062  # letters of 7 points
    wide = [len(label) + 6 for label in labelled]
    columns = len(wide) if sum(wide) <= room else max(1, int(room / max(wide)))
    if labelled:
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
