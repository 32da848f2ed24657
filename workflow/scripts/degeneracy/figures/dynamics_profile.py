"""At which scales do the dynamics differ? Degeneracy under soft DSA against the scale, one curve per level.

The scale λ is a share of the power of the states: directions below it fade. On the left the dominant directions are
compared, and further right also finer ones. Bands are the intervals of the degeneracy. Dotted lines are each network
against itself, and dashed lines are the networks before training. If the curves of the levels cross, the direction of
the change depends on the scale, and no single number stands for it.
"""

import numpy as np

from degeneracy.drawing import style
from degeneracy.drawing.panel import REFERENCES

READS = ("statistics",)
METRICS = ("soft_dsa",)


def draw(sweep):
    data = sweep.statistics["soft_dsa"]
    data = data.isel(measure=data["measure"].str.startswith("scale_").values)
    scales = [10.0 ** -int(name.removeprefix("scale_")) for name in data["measure"].values]
    figure, axes = style.panels(1, 1)
    axis, colours = axes[0, 0], style.level_colours(data["level"].values.tolist())
    for level, colour in colours.items():
        here = data.sel(level=level)
        label = f"{sweep.at(level)} (n = {int(here['n_used'])})"
        axis.fill_between(scales, here["interval_low"], here["interval_high"], color=colour, alpha=0.2, linewidth=0)
        axis.plot(scales, here["degeneracy"], "-o", color=colour, markersize=4, label=label)
        for key, (_, line) in REFERENCES.items():
            if np.isfinite(here[key]).any():
                axis.plot(scales, here[key], line, color=colour, linewidth=0.8)
    axis.set(xscale="log", xlabel="scale λ (share of the power)", ylabel="soft DSA distance", ylim=(0, None))
    axis.invert_xaxis()
    known = {name: style.plt.Line2D([], [], color="0.3", linestyle=line) for name, line in REFERENCES.values()}
    style.legend_below(figure, style.labelled(figure) | known)
    return figure
