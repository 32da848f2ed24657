"""Fixed points of every network by their stability: have the networks of a level the same ones?

Each panel is a level, and each column a kind of fixed point: stable, or with one or more unstable directions; marginal
points, of which linear analysis does not know whether they are stable; and slow points, which are none. Small dots are
the networks that converged, large dots their mean. Where a task has several constant inputs, counts are sums over them.
"""

import numpy as np

from degeneracy.drawing import style
from degeneracy.drawing.panel import dots
from degeneracy.status import Status

READS = ("metrics",)
METRICS = ("fixed_point_counts",)
PER_ROW = 3  # panels
MOST = 5  # unstable directions that have a column of their own; more have one together
KINDS = ("stable", *map(str, range(1, MOST + 1)), f"> {MOST}", "marginal", "slow")


def draw(sweep):
    counted = {level: kinds(data) for level, data in sweep.metrics["fixed_point_counts"].items()}
    shown = [kind for kind in KINDS if any(counts[kind].any() for counts in counted.values())]
    figure, axes = style.wall(len(counted), PER_ROW, sharex=True)
    colours = style.level_colours(counted)
    for axis, (level, counts) in zip(axes, counted.items(), strict=True):
        for place, kind in enumerate(shown):
            dots(axis, place, counts[kind])
            if len(counts[kind]):
                axis.plot(place, counts[kind].mean(), "o", color=colours[level], markersize=5)
        total = sum(counts.values()) - counts["slow"]
        axis.set_title(f"{sweep.at(level)} (n = {len(total)}):\n{told(total)}", fontsize=7)
        axis.set_ylim(-0.04 * axis.get_ylim()[1], None)  # so that no dot at 0 is cut
    axes[0].set_xticks(range(len(shown)), shown)
    axes[0].set_xlim(-0.6, len(shown) - 0.4)
    style.label_outer(axes, "unstable directions", "fixed points of a network")
    style.legend_below(figure, style.labelled(figure))
    return figure


def kinds(data) -> dict[str, np.ndarray]:
    """How many fixed points of each of KINDS the networks that converged have, from the counts of a condition."""
    counts = data.isel(network=np.flatnonzero(data["status"] == Status.CONVERGED))
    by_unstable = counts["by_unstable"].values.T  # (unstable, network)
    found = dict.fromkeys(KINDS, np.zeros(counts.sizes["network"]))
    found |= dict(zip(KINDS, by_unstable[: MOST + 1], strict=False))
    found |= {KINDS[MOST + 1]: by_unstable[MOST + 1 :].sum(0)}
    return found | {kind: counts[kind].values for kind in ("marginal", "slow")}


def told(total: np.ndarray) -> str:
    """How many fixed points networks have, in words."""
    if not len(total):
        return "none converged"
    least, most = int(total.min()), int(total.max())
    return f"{least} fixed points in each" if least == most else f"{least} to {most} fixed points"
