"""Degeneracy against the factor, under one metric: the measure that stands for it large, other measures beside it.

Small dots are networks: the mean distance of each to the others of its level, or its deviation from the centre of the
level. The large dot is the degeneracy of the population, with its interval from the bootstrap over networks, where
there are enough. n counts the networks that converged. An open triangle is the mean of the proven lower bounds of the
distances; the true degeneracy lies between it and the dot. Thin lines are references: the networks before training
(dashed, the ceiling), and each network against itself on other trials (dotted, the floor), where they are in the range
of the panel. The title gives the change from the smallest to the largest level in percent, with its interval. If the
two levels are not numeric, the change runs from the first to the second. Measures under which all networks are alike
have no panel; they are named below the first.
"""

import textwrap

from degeneracy.drawing import style
from degeneracy.drawing.grid import small
from degeneracy.drawing.panel import alike, legend, panel, zoom
from degeneracy.plugins.contracts import headlines
from degeneracy.statistics.spreads import SPREADS

SCOPE = "metric"
READS = ("statistics",)
SECOND = 3  # small panels, from which on they have two rows
HIGH = 1.6  # inches, of a small panel


def draw(sweep):
    (data,) = sweep.statistics.values()
    first, *others = measures(data)
    shown = [name for name in others if not alike(data.sel(measure=name))]
    figure, (large, *small_ones) = panels(len(shown))
    one = data.sel(measure=first)
    panel(large, one, sweep.axis_label, bounds=True)
    zoom(large, one)
    notes = [large.get_xlabel(), *unseen_bounds(large, one)]
    if same := [short_name(data, name) for name in others if name not in shown]:
        notes += textwrap.wrap(f"all networks alike: {', '.join(same)}", 45)
    large.set_xlabel("\n".join(notes))
    for axis, name in zip(small_ones, shown, strict=True):
        panel(axis, data.sel(measure=name), sweep.axis_label)
        zoom(axis, data.sel(measure=name))
        unit = str(data["measure_unit"].sel(measure=name).values)
        axis.set_ylabel(textwrap.fill(short_name(data, name) + (f" ({unit})" if unit != "1" else ""), 18))
        small(axis)
    legend(figure)
    return figure


def measures(data) -> list[str]:
    """The measures of statistics: first the headline of the metric, or else one under which the networks differ."""
    names = data["measure"].values.tolist()
    headline = dict(headlines().values()).get(data.attrs["metric"])
    return sorted(names, key=lambda name: (name != headline, alike(data.sel(measure=name)), names.index(name)))


def short_name(data, measure: str) -> str:
    """A measure in words, without what it is a spread of."""
    spread = SPREADS.get(measure)
    return spread.label if spread else str(data["measure_name"].sel(measure=measure).values)


def panels(count: int):
    """A figure with a large panel and `count` small ones beside it, and the axes."""
    if not count:
        figure, axes = style.panels(1, 1)
        return figure, [*axes.flat]
    rows = 2 if count >= SECOND else 1
    columns = -(-count // rows)
    places = [["large", *range(row * columns, (row + 1) * columns)] for row in range(rows)]
    places = [[place if place == "large" or place < count else "." for place in row] for row in places]
    size = (style.PAGE, HIGH * rows if rows > 1 else style.HEIGHT)
    figure, axes = style.plt.subplot_mosaic(places, figsize=size, width_ratios=[2, *[1] * columns])
    found = [axes["large"], *(axes[place] for place in range(count))]
    style.letters(found)
    return figure, found


def unseen_bounds(axis, data) -> list[str]:
    """A line that tells the proven lower bounds if they are below the panel."""
    bounds = data["bound"].values
    if not (bounds < axis.get_ylim()[0]).any():
        return []
    return [f"proven lower bounds, below the panel: {', '.join(f'{bound:.2g}' for bound in bounds)}"]
