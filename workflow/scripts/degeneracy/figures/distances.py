"""Distances between all networks of a sweep, as a heat map.

Each row and each column is a network that converged. White lines separate the levels. Within a level, networks are in
the order of their mean distance to the others of the level, so a network unlike all others is the last one of its
block; the title names the one that stands out most, by the ratio of its mean distance to the median of its level. The
diagonal is left out.
"""

import numpy as np

from degeneracy.drawing import style
from degeneracy.drawing.words import level_name
from degeneracy.status import Status

SCOPE = "map"
READS = ("map",)


def draw(sweep):
    (data,) = sweep.maps.values()
    names, converged = data["level"].values, data["status"].values == Status.CONVERGED
    distance = np.where(np.eye(len(names), dtype=bool), np.nan, data["distance"].values)
    order, odd, ends = [], (0.0, ""), []
    for level in dict.fromkeys(names.tolist()):
        own = np.flatnonzero((names == level) & converged)
        means = np.array([np.nanmean(distance[one, own]) for one in own]) if len(own) > 1 else np.zeros(len(own))
        order += own[np.argsort(means)].tolist()
        ends.append((level, len(order)))
        if len(own) > 2 and np.median(means) > 0:
            ratio, seed = means.max() / np.median(means), data["seed"].values[own[np.argmax(means)]]
            odd = max(odd, (float(ratio), f"farthest: network {seed} at {sweep.at(level)}, {ratio:.2g} × the median"))
    figure, axes = style.panels(1, 1)
    figure.set_size_inches(style.COLUMN, 0.85 * style.COLUMN)
    axis, starts = axes[0, 0], [0, *(end for _, end in ends)]
    image = axis.imshow(distance[np.ix_(order, order)], cmap="viridis", interpolation="none", rasterized=True)
    for place in starts[1:-1]:
        axis.axhline(place - 0.5, color="white", linewidth=1)
        axis.axvline(place - 0.5, color="white", linewidth=1)
    middle = [(start + end - 1) / 2 for start, (_, end) in zip(starts, ends, strict=False)]
    labels = [f"{level_name(level)}\n(n = {end - start})" for start, (level, end) in zip(starts, ends, strict=False)]
    axis.set_xticks(middle, labels)
    axis.set_yticks(middle, [level_name(level) for level, _ in ends])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set(xlabel=sweep.axis_label, ylabel=sweep.axis_label)
    unit = data["distance"].attrs["units"]
    bar = figure.colorbar(image, ax=axis, pad=0.02)
    bar.set_label(data["distance"].attrs["long_name"] + (f" ({unit})" if unit != "1" else ""))
    bar.outline.set_visible(False)
    axis.set_title(odd[1], fontsize=7)
    return figure
