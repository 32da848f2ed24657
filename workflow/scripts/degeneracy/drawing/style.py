"""The style of all figures: one or two columns wide, colour-blind safe, vector output with text kept as text."""

from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from degeneracy.artifacts.atomic import whole

PANEL = (2.4, 2.2)  # inches
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
    "savefig.bbox": "tight",
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


def panels(rows: int, columns: int, **kwargs):
    """A figure with equal panels, and its axes (row, column)."""
    size = (PANEL[0] * max(columns, 1), PANEL[1] * max(rows, 1))
    return plt.subplots(rows, columns, figsize=size, squeeze=False, **kwargs)


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
