"""Figure of the performance in random subspaces against their dimension."""

import textwrap

from degeneracy.drawing import style
from degeneracy.subspaces.dimension import SHARE, curve, full_performance


def draw(conditions: dict[str, dict]):
    """One panel for each condition: each network a dot, their mean a line, and 90% of the full performance dashed."""
    figure, axes = style.panels(1, len(conditions), sharey=True)
    for axis, (name, read) in zip(axes[0], conditions.items(), strict=True):
        dimensions, reached = curve(read["subspaces"])
        full, count = full_performance(**read)
        axis.plot(dimensions, reached, "o", color=style.BLUE, alpha=0.5, markersize=3)
        axis.plot(dimensions, reached.mean(1), color=style.BLUE)
        axis.axhline(SHARE * full, linestyle="--", color=style.GREY)
        task, _, condition = name.partition("/")
        title = textwrap.fill(f"{task}: {condition}".replace("_", " "), 56)
        axis.set(xscale="log", xlabel="dimension of the subspace")
        axis.set_title(title, fontsize=6)
        axis.set_xticks(dimensions, dimensions.tolist())
        axis.minorticks_off()
        note = (
            f"{reached.shape[1]} networks\n{int(read['subspaces'][0]['parameters'])} parameters\ndashed: 90% of {count}"
        )
        axis.text(0.97, 0.05, note, transform=axis.transAxes, fontsize=6, ha="right")
    axes[0, 0].set_ylabel("performance\n(1 − loss / constant loss)")
    return figure
