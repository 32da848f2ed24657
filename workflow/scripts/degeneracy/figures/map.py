"""Map of all networks of a sweep: multidimensional scaling of their distances, coloured by level.

Each point is one network; the closer two points, the more alike the networks. Open symbols did not reach the
threshold. The title gives the stress of the map (Kruskal's stress 1): how far distances in the plane are from
those measured.
"""

import numpy as np

from degeneracy import style
from degeneracy.status import CONVERGED

SCOPE = "map"
READS = ("map",)


def draw(sweep):
    (data,) = sweep.maps.values()
    figure, axes = style.panels(1, 1)
    figure.set_size_inches(3.6, 2.9)
    panel(axes[0, 0], data)
    figure.legend(title=sweep.axis_label, loc="outside right center")
    return figure


def panel(axis, data) -> None:
    """All networks of a sweep (a map artifact) in the plane."""
    levels = list(dict.fromkeys(data["level"].values.tolist()))
    colours = style.level_colours(levels)
    for level in levels:
        chosen = data["level"].values == level
        learnt = data["status"].values == CONVERGED
        place = data["position"].values
        label = f"{level} (n = {int((chosen & learnt).sum())})"
        axis.plot(*place[chosen & learnt].T, "o", color=colours[level], markersize=5, label=label)
        axis.plot(*place[chosen & ~learnt].T, "o", color=colours[level], markersize=5, markerfacecolor="none")
    name = data["distance"].attrs["long_name"]
    axis.set(xlabel=f"MDS 1 ({name})", ylabel="MDS 2", aspect="equal")
    axis.margins(0.1)
    axis.set_title(f"{int(np.isfinite(data['position'][:, 0]).sum())} networks, stress {float(data['stress']):.2f}")
