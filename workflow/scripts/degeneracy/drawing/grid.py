"""Figures of a whole experiment, a page wide and at most a page high: a panel for each sweep and measure."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np

from degeneracy.drawing import network_map, style
from degeneracy.drawing.arrows import COLOURS, headline, state
from degeneracy.drawing.panel import REFERENCES, legend, measure_label, ordered, panel, zoom
from degeneracy.plugins.contracts import MAP
from degeneracy.plugins.figure_contract import FigureContract

HEIGHT = 1.75  # inches, of a panel with its headings
ACROSS, HIGH = 6, 6  # panels, at most
LETTERS = 100  # of a line as wide as the page


def draw(experiment, contract: FigureContract):
    """Figure of a file that has a SHAPE: a grid of its COLUMNS, or a wall where there is only one."""
    draw_panel = curve if contract.shape == "curves" else panel
    if len(contract.columns) == 1:
        ((metric, measure),) = contract.measures
        return wall(experiment, metric, measure, draw_panel)
    return grid(experiment, contract.measures, MAP in contract.columns, draw_panel)


def curve(axis, data, label: str, row=None) -> None:
    """Degeneracy under one measure (a statistics artifact with its measure chosen) as a line with a band.

    Levels that are no numbers have no line and bars for bands.
    """
    numbers = ordered(data)
    data = data.sortby("level") if numbers else data
    levels = data["level"].values
    place = levels if numbers else np.arange(len(levels))
    for at, shares in zip(place, data["contribution"].values, strict=True):
        where = np.full(len(shares), at)
        axis.plot(where, shares, ".", color=style.GREY, markersize=2, alpha=0.6, zorder=1, label="one network")
    if numbers:
        axis.fill_between(place, data["interval_low"], data["interval_high"], color=style.BLUE, alpha=0.3, linewidth=0)
    else:
        axis.vlines(place, data["interval_low"], data["interval_high"], color=style.BLUE, alpha=0.3, linewidth=4)
    axis.plot(place, data["degeneracy"], "-o" if numbers else "o", color=style.BLUE, markersize=3)
    for key, (name, line) in REFERENCES.items():
        if np.isfinite(data[key]).any():
            axis.plot(place, data[key], line if numbers else "_", color="0.3", linewidth=0.8, label=name, zorder=0)
    if not numbers:
        axis.set_xticks(place, levels)
    elif levels.min() >= 0 and levels.max() > 10 * (least := levels[levels > 0].min()):
        axis.set_xscale("log") if levels.min() > 0 else axis.set_xscale("symlog", linthresh=least)
    used = data["n_used"].values
    several = f" to {used.max()}" if used.max() > used.min() else ""
    band = f"n = {used.min()}{several}, {100 * data.attrs['confidence']:g}% band"
    axis.set_title("\n".join(filter(None, [headline(row) if row is not None else "", band])))
    axis.title.set_color(COLOURS[state(row)] if row is not None else "black")
    axis.set_xlabel(label)
    axis.set_ylabel(measure_label(data))


def grid(experiment, measures: list[tuple[str, str]], with_maps: bool = False, draw_panel=panel):
    """Figure of degeneracy: a panel for each sweep and each (metric, measure), and each map if `with_maps`.

    One or two sweeps are rows. More sweeps are columns, on shelves of at most ACROSS of them. The map is left out
    where the figure would be more than HIGH panels high. A measure that no sweep has is left out, and a panel that one
    sweep lacks says that it was not computed.
    """
    sweeps = list(experiment.sweeps.values())
    measures = [one for one in measures if any(one[0] in sweep.statistics for sweep in sweeps)]
    aspects = [_aspect(sweeps, metric) for metric, _ in measures]
    upright = len(sweeps) > 2
    shelves = -(-len(sweeps) // ACROSS)
    with_maps = with_maps and any(sweep.maps for sweep in sweeps) and (not upright or shelves * len(measures) < HIGH)
    aspects += [MAP] * with_maps
    across = -(-len(sweeps) // shelves) if upright else len(aspects)
    figure, axes = _panels(shelves * len(aspects) if upright else len(sweeps), across)
    for place, sweep in enumerate(sweeps):
        shelf, column = divmod(place, across)
        own = axes[shelf * len(aspects) : (shelf + 1) * len(aspects), column] if upright else axes[place]
        drawn = [draw_column(axis, sweep, *measure, draw_panel) for axis, measure in zip(own, measures, strict=False)]
        if with_maps:
            drawn.append(draw_map(own[-1], sweep))
        for row, (axis, there, aspect) in enumerate(zip(own, drawn, aspects, strict=True)):
            if not there:
                blank(axis)
            name = row_name(sweep, sweeps)
            if (row if upright else place) == 0:
                heading(axis, name if upright else aspect)
            if (column if upright else row) == 0:
                row_label(axis, aspect if upright else name)
            elif upright:
                axis.set_ylabel("")  # that of the first panel of the row
            if upright and row < len(measures) - 1:
                axis.set_xlabel("")
    _finish(figure, axes, len(sweeps) % across if upright else 0, len(aspects))
    return figure


def _aspect(sweeps, metric: str) -> str:
    return next(sweep.statistics[metric].attrs["metric_level"] for sweep in sweeps if metric in sweep.statistics)


def _panels(down: int, across: int):
    """A figure of panels that is as wide as a page, or as a column if there is one panel only."""
    width = style.COLUMN if across * down == 1 else style.PAGE
    return plt.subplots(down, across, figsize=(width, min(HEIGHT, style.PAGE_HIGH / down) * down), squeeze=False)


def _finish(figure, axes, last: int, rows: int) -> None:
    """Leave out the empty panels of the last shelf, which has `last` columns of `rows`; add letters and the legend."""
    for axis in axes[-rows:, last:].flat if last else ():
        axis.set_axis_off()
    style.letters((axis for axis in axes.flat if axis.axison), x=-max(0.14, 0.04 * axes.shape[1]))  # narrow panels
    legend(figure)


def wall(experiment, metric: str, measure: str, draw_panel=panel):
    """Figure of one measure: a panel per sweep, in at most HIGH rows."""
    sweeps = list(experiment.sweeps.values())
    across = min(max(4, -(-len(sweeps) // HIGH)), len(sweeps))
    figure, axes = _panels(-(-len(sweeps) // across), across)
    for axis, sweep in zip(axes.flat, sweeps, strict=False):
        if not draw_column(axis, sweep, metric, measure, draw_panel):
            blank(axis)
        heading(axis, row_name(sweep, sweeps))
    for axis in axes[:, 1:].flat:
        axis.set_ylabel("")
    _finish(figure, axes, len(sweeps) % across, 1)
    return figure


def draw_column(axis, sweep, metric: str, measure: str, draw_panel) -> bool:
    """Draw the degeneracy of a sweep under one measure; returns whether the sweep has it."""
    if metric not in sweep.statistics:
        return False
    data = sweep.statistics[metric].sel(measure=measure)
    draw_panel(axis, data, sweep.axis_label, sweep.direction(metric, measure))
    zoom(axis, data)
    small(axis)
    return True


def draw_map(axis, sweep) -> bool:
    """Draw the first map of a sweep; returns whether it has one."""
    for data in sweep.maps.values():
        network_map.panel(axis, data)
        axis.set_title(f"stress {float(data['stress']):.2f}")
        for line in axis.lines:
            line.set(label="_level")  # not in the legend: the colours are those of the levels in the row
        small(axis)
        return True
    return False


def small(axis) -> None:
    """Use type that fits four panels on a page, and wrap a label that is wider than its panel and the gap beside it."""
    label = axis.get_xlabel()
    if "\n" not in label and len(label) >= LETTERS // axis.get_subplotspec().get_gridspec().ncols:
        axis.set_xlabel(label.replace(", ", "\n", 1) if ", " in label else label.replace(" (", "\n(", 1))
    axis.title.set_fontsize(6.5)
    axis.xaxis.label.set_fontsize(7)
    axis.yaxis.label.set_fontsize(7)
    axis.tick_params(labelsize=6)


def heading(axis, text: str) -> None:
    """Write the name of a column or a panel above its title."""
    across = axis.get_subplotspec().get_gridspec().ncols
    wrapped = textwrap.fill(text, max(12, LETTERS // across))
    place = {"xycoords": axis.title, "textcoords": "offset points", "ha": "center", "va": "bottom"}
    axis.annotate(wrapped, (0.5, 1), (0, 2), fontsize=7, fontweight="bold", **place)


def row_name(sweep, sweeps) -> str:
    """The task of a sweep, with its factor where others have the task; its name where others have both."""
    alike = [other.factor for other in sweeps if other.task == sweep.task]
    if alike.count(sweep.factor) > 1:
        return sweep.name.replace("_", " ")
    task = sweep.task.replace("_", " ")
    return task if len(alike) == 1 else f"{task}, {sweep.factor_name}"


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
