"""Trajectories of several networks side by side: do they move alike on the same trials?

Each row is a level, and each column a network: the first that converged. Lines are the states on the first probe
trials, the same trials in all panels of a row and each in a colour of its own, in the plane of the first two principal
components of that network. Dots are the starts. The planes of two networks are not aligned, so a rotation or a
reflection is no difference. The axes give the share of the variance.
"""

from typing import Annotated

import numpy as np

from degeneracy.drawing import style
from degeneracy.drawing.phase_plane import principal_plane
from degeneracy.plugins.options import Range
from degeneracy.status import Status

READS = ("networks", "trials")


def draw(sweep, *, networks: Annotated[int, Range(1, 6)] = 4, trials: Annotated[int, Range(1)] = 6):
    figure, axes = style.panels(len(sweep.populations), networks, lettered=False)
    for row, (level, population) in zip(axes, sweep.populations.items(), strict=True):
        chosen = np.cumsum(population.status == Status.CONVERGED)
        shown = population.where((population.status == Status.CONVERGED) & (chosen <= networks))
        for axis in row[len(shown.seeds) :]:
            axis.set_axis_off()
        for axis, seed, states in zip(row, shown.seeds, shown.states_of_each(), strict=False):
            centre, plane, names = principal_plane(states)
            paths = (states[:trials] - centre) @ plane.T  # (trial, time, 2)
            for path, colour in zip(paths, style.level_colours(range(len(paths))).values(), strict=True):
                axis.plot(*path.T, color=colour, linewidth=0.7)
                axis.plot(*path[0], "o", color=colour, markersize=2.5)
            axis.set(xlabel=names[0], ylabel=names[1], xticks=[], yticks=[])
            axis.set_title(f"{sweep.at(level)}, network {seed}", fontsize=7)
    return figure
