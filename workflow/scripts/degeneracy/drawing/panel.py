"""A panel of degeneracy against the levels of a factor, and its labels."""

import textwrap

import numpy as np

from degeneracy.drawing import style
from degeneracy.drawing.arrows import COLOURS, headline, state
from degeneracy.drawing.words import change, level_name

REFERENCES = {
    "ceiling": ("before training (ceiling)", "--"),
    "floor": ("itself on other trials (floor)", ":"),
}  # variable: label, line


def legend(figure) -> None:
    """Add one legend below all panels of a figure, for the labelled lines that are visible in any of them."""
    labelled = {}
    for axis in figure.axes:
        low, high = axis.get_ylim()
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            if np.any((low <= handle.get_ydata()) & (handle.get_ydata() <= high)):
                labelled[label] = handle
    style.legend_below(figure, labelled)


def panel(axis, data, label: str, row=None, bounds: bool = False) -> None:
    """Draw the degeneracy under one measure (a statistics artifact with its measure chosen) against the level.

    The title says what is seen: with its row of the table of directions the arrow, in the colour of what is known of
    it, and otherwise the change. `bounds` adds the proven lower bounds.
    """
    levels = data["level"].values.tolist()
    colours = style.level_colours(levels)
    for place, level in enumerate(levels):
        here = data.isel(level=place)
        dots(axis, place, here["contribution"].dropna("network").values)
        low, high = float(here["interval_low"]), float(here["interval_high"])
        axis.plot([place, place], [low, high], color=colours[level], linewidth=1.6, zorder=2)
        axis.plot(place, float(here["degeneracy"]), "o", color=colours[level], markersize=5.5, zorder=3)
        bound = float(here["bound"])
        if bounds and bound == bound:
            axis.plot([place, place], [bound, float(here["degeneracy"])], color="0.3", linewidth=0.6, zorder=1)
            axis.plot(place, bound, "^", color="0.3", mfc="none", ms=4.5, label="proven lower bound", zorder=3)
    if ordered(data):
        axis.plot(range(len(levels)), data["degeneracy"], color=style.GREY, linewidth=0.7, zorder=0)
    for key, (name, line) in REFERENCES.items():
        for place in np.flatnonzero(np.isfinite(data[key].values)):
            ends = [place - 0.35, place + 0.35]
            axis.plot(ends, [float(data[key][place])] * 2, line, color="0.3", linewidth=0.8, label=name, zorder=0)
    label_levels(axis, data, label)
    margin = 0.6 if len(levels) > 1 else 1.2  # a single level has no more room than one of two
    axis.set_xlim(-margin, len(levels) - 1 + margin)
    axis.set_ylabel(measure_label(data))
    if int(data["n_used"].max()) < 2:
        axis.set_title("too few networks\nconverged")
    elif row is not None:
        axis.set_title(headline(row), color=COLOURS[state(row)])
    elif alike(data):
        axis.set_title("all networks alike")
    elif float(data["trend"]) == float(data["trend"]):
        axis.set_title(f"change {change(data)}" if change(data) else "change without interval")


def dots(axis, place: float, values: np.ndarray) -> None:
    """Draw the values of networks left of a place, beside each other, so that equal ones do not hide each other."""
    spread = place + np.linspace(-0.34, -0.14, len(values))
    axis.plot(spread, values, ".", color=style.GREY, markersize=3, alpha=0.8, zorder=1, label="one network")


def zoom(axis, data) -> None:
    """Fit the y axis to networks, intervals and references.

    It may cut off floors that are 0 by construction: they are far below all distances of weights.
    """
    shown = [data[name].values for name in ("contribution", "degeneracy", "interval_low", "interval_high", "ceiling")]
    values = np.concatenate([each.ravel() for each in [*shown, data["floor"].values[data["floor"].values > 0]]])
    values = values[np.isfinite(values)]
    if len(values) and np.ptp(values) > 0:
        margin = 0.08 * np.ptp(values)
        axis.set_ylim(values.min() - margin, values.max() + margin)


def alike(data) -> bool:
    """Whether the networks of each level are all the same under a measure of spread."""
    return not data["degeneracy"].values.any()


def ordered(data) -> bool:
    """Whether the levels of a statistics artifact are numbers, so that a line between them means something."""
    return data["level"].dtype.kind in "iuf"


def label_levels(axis, data, label: str) -> None:
    """Label the levels at 0, 1, 2, …, with n: once where it is the same for all, with room for many levels."""
    used, total = data["n_used"].values, int(data["n_networks"].max())
    labels = [level_name(level) for level in data["level"].values.tolist()]
    crowded = max(map(len, labels)) * len(labels) > 24
    note = f"n = {used[0]}" + (" each" if len(labels) > 1 else "")
    if (used < total).any():
        note = f"n of {total} below" if not crowded else f"in brackets: n of {total}"
        labels = [f"{label} ({n})" if crowded else f"{label}\n{n}" for label, n in zip(labels, used, strict=True)]
    axis.set_xticks(range(len(labels)), labels, rotation=45 if crowded else 0)
    axis.set_xlabel(f"{label}, {note}" if len(label + note) < 25 else f"{label}\n{note}")


def measure_label(data) -> str:
    """The measure (of a statistics artifact with its measure chosen) and its unit, wrapped for an axis."""
    name, unit = (str(data[key].values) for key in ("measure_name", "measure_unit"))
    return textwrap.fill(name if unit == "1" else f"{name} ({unit})", 24)
