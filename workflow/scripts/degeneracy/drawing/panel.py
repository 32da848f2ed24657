"""A panel of degeneracy against the levels of a factor, and its labels."""

import textwrap

import numpy as np

from degeneracy.drawing import style

REFERENCES = {"ceiling": ("before training", "--"), "floor": ("same network", ":")}  # variable: label, line


def legend(figure) -> None:
    """Add one legend below all panels of a figure, for the labelled lines that are visible in any of them."""
    labelled = {}
    for axis in figure.axes:
        low, high = axis.get_ylim()
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            if np.any((low <= handle.get_ydata()) & (handle.get_ydata() <= high)):
                labelled[label] = handle
    if labelled:
        figure.legend(labelled.values(), labelled.keys(), loc="outside lower center", ncols=len(labelled))


def panel(axis, data, label: str) -> None:
    """Draw the degeneracy under one measure (a statistics artifact with its measure chosen) against the level."""
    levels = data["level"].values.tolist()
    colours = style.level_colours(levels)
    for place, level in enumerate(levels):
        here = data.isel(level=place)
        dots = here["contribution"].dropna("network").values
        spread = [place - 0.22 + 0.12 * (index % 2) for index in range(len(dots))]
        axis.plot(spread, dots, ".", color=style.GREY, markersize=3, alpha=0.8, zorder=1)
        low, high = float(here["interval_low"]), float(here["interval_high"])
        axis.plot([place, place], [low, high], color=colours[level], linewidth=1.6, zorder=2)
        axis.plot(place, float(here["degeneracy"]), "o", color=colours[level], markersize=5.5, zorder=3)
        bound = float(here["bound"])
        if bound == bound:
            axis.plot([place, place], [bound, float(here["degeneracy"])], color=colours[level], linewidth=0.6, zorder=1)
            axis.plot(place, bound, "^", color=colours[level], mfc="none", ms=4.5, label="proven lower bound", zorder=3)
    if ordered(data):
        axis.plot(range(len(levels)), data["degeneracy"], color=style.GREY, linewidth=0.7, zorder=0)
    for key, (name, line) in REFERENCES.items():
        for place in np.flatnonzero(np.isfinite(data[key].values)):
            ends = [place - 0.35, place + 0.35]
            axis.plot(ends, [float(data[key][place])] * 2, line, color="0.3", linewidth=0.8, label=name, zorder=0)
    label_levels(axis, data, label)
    axis.margins(x=0.15)
    axis.set_ylabel(measure_label(data))
    change, low, high = (float(data[name]) for name in ("trend", "trend_low", "trend_high"))
    if change == change:
        ends = f"{100 * data.attrs['confidence']:g}% [{signed(low)}, {signed(high)}]" if low == low else "no interval"
        axis.set_title(f"change {signed(change)}\n{ends}")
    elif int(data["n_used"].max()) < 2:
        axis.set_title("too few networks\nconverged")


def ordered(data) -> bool:
    """Whether the levels of a statistics artifact are numbers, so that a line between them means something."""
    return data["level"].dtype.kind in "iuf"


def label_levels(axis, data, label: str) -> None:
    """Label the levels at 0, 1, 2, …, with n: once where it is the same for all, with room for many levels."""
    used, total = data["n_used"].values, int(data["n_networks"].max())
    labels = [f"{level:g}" if isinstance(level, float) else str(level) for level in data["level"].values.tolist()]
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


def signed(value: float) -> str:
    """Three significant digits with the sign: `+1730`, `+0.0600`; with an exponent from 1e5 and below 1e-4."""
    exponent = int(f"{value:.2e}".partition("e")[2])
    if not -4 <= exponent < 5:
        return f"{value:+.2e}"
    return f"{round(value, 2 - exponent):+.{max(2 - exponent, 0)}f}"
