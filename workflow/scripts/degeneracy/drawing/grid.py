"""Figures of a whole experiment, a page wide: the rows are sweeps and the columns are measures."""

import re
import textwrap

import matplotlib.pyplot as plt
import numpy as np

from degeneracy.drawing import network_map, style
from degeneracy.drawing.panel import REFERENCES, legend, measure_label, panel
from degeneracy.plugins.contracts import MAP
from degeneracy.plugins.figure_contract import FigureContract

PAGE = 7.4  # inches
HEIGHT, MORE = 1.75, 0.5  # inches, of a panel, and of headings and legend


def draw(experiment, contract: FigureContract):
    """Figure of a file that has a SHAPE: a grid of its COLUMNS, or a wall where there is only one."""
    draw_panel = curve if contract.shape == "curves" else dots
    if len(contract.columns) == 1:
        ((metric, measure),) = contract.measures
        return wall(experiment, metric, measure, draw_panel)
    return grid(experiment, contract.measures, MAP in contract.columns, draw_panel)


def dots(axis, data, label: str) -> None:
    """`panel` with room for many levels: n is given once where it is the same for all."""
    panel(axis, data, label)
    used, total = data["n_used"].values, int(data["n_networks"].max())
    labels = [f"{level:g}" if isinstance(level, float) else str(level) for level in data["level"].values.tolist()]
    crowded = max(map(len, labels)) * len(labels) > 24
    note = f"n = {used[0]} each"
    if (used < total).any():
        note = f"n of {total} below" if not crowded else f"in brackets: n of {total}"
        labels = [f"{label} ({n})" if crowded else f"{label}\n{n}" for label, n in zip(labels, used, strict=True)]
    axis.set_xticks(range(len(labels)), labels, rotation=45 if crowded else 0)
    axis.set_xlabel(f"{label}, {note}" if len(label + note) < 25 else f"{label}\n{note}")


def curve(axis, data, label: str) -> None:
    """Degeneracy under one measure (a statistics artifact with its measure chosen) as a line with a band."""
    numbers = data["level"].dtype.kind in "if"
    data = data.sortby("level") if numbers else data
    levels = data["level"].values
    place = levels if numbers else np.arange(len(levels))
    for at, shares in zip(place, data["contribution"].values, strict=True):
        axis.plot(np.full(len(shares), at), shares, ".", color=style.GREY, markersize=2, alpha=0.6, zorder=1)
    axis.fill_between(place, data["interval_low"], data["interval_high"], color=style.BLUE, alpha=0.3, linewidth=0)
    axis.plot(place, data["degeneracy"], "-o", color=style.BLUE, markersize=3)
    for key, (name, line) in REFERENCES.items():
        if np.isfinite(data[key]).any():
            axis.plot(place, data[key], line, color="0.3", linewidth=0.8, label=name, zorder=0)
    if not numbers:
        axis.set_xticks(place, levels)
    elif levels.min() >= 0 and levels.max() > 10 * (least := levels[levels > 0].min()):
        axis.set_xscale("log") if levels.min() > 0 else axis.set_xscale("symlog", linthresh=least)
    used = data["n_used"].values
    several = f" to {used.max()}" if used.max() > used.min() else ""
    axis.set_title(f"n = {used.min()}{several}, {100 * data.attrs['confidence']:g}% band")
    axis.set_xlabel(label)
    axis.set_ylabel(measure_label(data))


def grid(experiment, columns: list[tuple[str, str]], with_maps: bool = False, draw_panel=dots):
    """Figure of degeneracy: a row per sweep, a column per (metric, measure), and a column of maps if `with_maps`.

    A column that no sweep has is left out. A panel that one sweep lacks says that it was not computed.
    """
    sweeps = list(experiment.sweeps.values())
    columns = [column for column in columns if any(column[0] in sweep.statistics for sweep in sweeps)]
    with_maps = with_maps and any(sweep.maps for sweep in sweeps)
    count = len(columns) + with_maps
    size = (max(PAGE, 1.6 * count) if count > 2 else 2.6 * count, HEIGHT * len(sweeps) + MORE)
    figure, axes = plt.subplots(len(sweeps), count, figsize=size, squeeze=False)
    for row, sweep in zip(axes, sweeps, strict=True):
        drawn = [draw_column(axis, sweep, *column, draw_panel) for axis, column in zip(row, columns, strict=False)]
        if with_maps:
            drawn.append(draw_map(row[-1], sweep))
        for axis, there in zip(row, drawn, strict=True):
            if not there:
                blank(axis)
        row_label(row[0], row_name(sweep, sweeps))
    for axis, (metric, _) in zip(axes[0], columns, strict=False):
        level = next(sweep.statistics[metric].attrs["metric_level"] for sweep in sweeps if metric in sweep.statistics)
        heading(axis, level)
    if with_maps:
        heading(axes[0, -1], "map")
    legend(figure)
    return figure


def wall(experiment, metric: str, measure: str, draw_panel=dots, across: int = 4):
    """Figure of one measure: a panel per sweep."""
    sweeps = list(experiment.sweeps.values())
    across = min(across, len(sweeps))
    down = -(-len(sweeps) // across)
    size = (PAGE * max(across, 2) / 4, HEIGHT * down + MORE)
    figure, axes = plt.subplots(down, across, figsize=size, squeeze=False)
    for axis in axes.flat[len(sweeps) :]:
        axis.set_axis_off()
    for axis, sweep in zip(axes.flat, sweeps, strict=False):
        draw_column(axis, sweep, metric, measure, draw_panel)
        heading(axis, row_name(sweep, sweeps))
    legend(figure)
    return figure


def draw_column(axis, sweep, metric: str, measure: str, draw_panel) -> bool:
    """Draw the degeneracy of a sweep under one measure; returns whether the sweep has it."""
    if metric not in sweep.statistics:
        return False
    data = sweep.statistics[metric].sel(measure=measure)
    draw_panel(axis, data, sweep.axis_label)
    zoom(axis, data)
    small(axis)
    return True


def zoom(axis, data) -> None:
    """Fit the y axis to networks, intervals and references.

    It may cut off proven bounds, and floors that are 0 by construction: they are far below all distances of weights.
    The figure of one metric shows them.
    """
    shown = [data[name].values for name in ("contribution", "degeneracy", "interval_low", "interval_high", "ceiling")]
    values = np.concatenate([each.ravel() for each in [*shown, data["floor"].values[data["floor"].values > 0]]])
    values = values[np.isfinite(values)]
    if len(values) and np.ptp(values) > 0:
        margin = 0.08 * np.ptp(values)
        axis.set_ylim(values.min() - margin, values.max() + margin)


def draw_map(axis, sweep) -> bool:
    """Draw the first map of a sweep; returns whether it has one."""
    for data in sweep.maps.values():
        network_map.panel(axis, data)
        axis.set_aspect("equal", adjustable="datalim")
        for line in axis.lines:
            line.set(label="_level")  # not in the legend: the colours are those of the levels in the row
            line.set(clip_on=False, in_layout=False)  # the scales are made equal after the layout: points may stick out
        small(axis)
        return True
    return False


def small(axis) -> None:
    """Use type that fits four panels on a page."""
    axis.title.set_fontsize(6.5)
    axis.xaxis.label.set_fontsize(7)
    axis.yaxis.label.set_fontsize(7)
    axis.tick_params(labelsize=6)


def bold(text: str) -> str:
    return re.sub(r"[A-Za-z0-9.]+", r"$\\bf{\g<0>}$", text.replace("_", " "))


def heading(axis, text: str) -> None:
    """Write the name of a column or a panel above its title."""
    axis.title.set_text(f"{bold(text)}\n{axis.get_title()}".rstrip())


def row_name(sweep, sweeps) -> str:
    """The task of a sweep, or the name of the sweep where another sweep has the same task and factor."""
    alike = [other for other in sweeps if (other.task, other.factor) == (sweep.task, sweep.factor)]
    return sweep.task.replace("_", " ") if len(alike) == 1 else sweep.name


def row_label(axis, name: str) -> None:
    """Write the name of a row to the left of the y label."""
    axis.annotate(
        textwrap.fill(name, 18),
        (0, 0.5),
        (-4, 0),
        xycoords=axis.yaxis.label,
        textcoords="offset points",
        rotation=90,
        ha="right",
        va="center",
        fontsize=7.5,
        fontweight="bold",
    )


def blank(axis) -> None:
    """Mark a panel as having no data."""
    for spine in axis.spines.values():
        spine.set_visible(False)
    axis.set(xticks=[], yticks=[])
    axis.text(
        0.5, 0.5, "not computed", transform=axis.transAxes, ha="center", va="center", color=style.GREY, fontsize=7
    )
