"""A panel with a map of networks: all networks of a sweep in the plane."""

import numpy as np

from degeneracy.drawing import style
from degeneracy.drawing.words import level_name
from degeneracy.status import Status


def panel(axis, data) -> None:
    """Draw all networks of a sweep (a map artifact) in the plane; open symbols did not converge."""
    levels = list(dict.fromkeys(data["level"].values.tolist()))
    colours = style.level_colours(levels)
    for level in levels:
        chosen = data["level"].values == level
        converged = data["status"].values == Status.CONVERGED
        place = data["position"].values
        label = f"{level_name(level)} (n = {int((chosen & converged).sum())})"
        axis.plot(*place[chosen & converged].T, "o", color=colours[level], markersize=5, label=label)
        axis.plot(*place[chosen & ~converged].T, "o", color=colours[level], markersize=5, markerfacecolor="none")
    name = data["distance"].attrs["long_name"]
    axis.set(xlabel=f"MDS 1 ({name})", ylabel="MDS 2")
    axis.margins(0.1)
    axis.set_aspect("equal", adjustable="datalim")
    for line in axis.lines:  # the scales are made equal after the layout: points may stick out
        line.set(clip_on=False, in_layout=False)
    axis.set_title(f"{int(np.isfinite(data['position'][:, 0]).sum())} networks, stress {float(data['stress']):.2f}")
