"""The tasks, and how one network solves each: a probe trial, and the states in the plane of their first two PCs.

Each row is a task. Left: inputs (grey), targets (thick) and outputs (thin), each scaled to the range beside its name;
where the loss leaves the output free, there is no target.
Right: states on probe trials, coloured by what the title names (axes: the share of their variance); lines join the
states of a few trials. Filled circles are stable fixed points, open symbols have one or more unstable directions, and
crosses are slow points; points at all constant inputs of the task are drawn together. If a task has an input that is
constant within a trial, such as a frequency, the last column is coloured by it. The network is the first that
converged, in the first condition of the first sweep of the task.
"""

from typing import Annotated

import matplotlib.pyplot as plt
import numpy as np

from degeneracy.drawing import lanes, style
from degeneracy.drawing.grid import row_label
from degeneracy.drawing.lanes import named
from degeneracy.drawing.phase_plane import legend, mark, principal_plane
from degeneracy.drawing.words import minus
from degeneracy.plugins.options import Range
from degeneracy.status import Status

SCOPE = "experiment"
READS = ("networks", "trials", "fixed_points")
ONE_A_TASK = True
LANES = 3  # of inputs, and of outputs, shown for the trial
FEW = 3  # values, up to which each has a colour of its own
PATHS = 8  # trials whose states are joined by lines


def draw(experiment, *, trials: Annotated[int, Range(1)] = 32):
    rows = len(experiment.sweeps)
    size = (style.PAGE, 1.9 * rows + 0.3)
    figure, axes = plt.subplots(rows, 3, figsize=size, squeeze=False, width_ratios=(1.25, 1, 1))
    for row, sweep in zip(axes, experiment.sweeps.values(), strict=True):
        ((level, population),) = sweep.populations.items()
        one, note = population.example()
        probe = population.trials("probe")
        states, outputs = one.run(probe["inputs"].values)
        shown = lanes.draw(row[0], probe, 0, outputs[0, 0], (LANES, LANES))
        row_label(row[0], sweep.task.replace("_", " "))
        row[0].set_title(f"{sweep.at(level)}, network {one.seeds[0]}{note}{shown}", fontsize=7)
        if one.status[0] == Status.DIVERGED:
            for axis in row[1:]:
                axis.set_axis_off()
            continue
        centre, plane, names = principal_plane(states[0])
        place = (states[0, :trials] - centre) @ plane.T  # (trial, time, 2)
        for axis in row[1:]:
            axis.plot(*place[:PATHS].transpose(2, 1, 0), color="0.85", linewidth=0.3, zorder=0)
        for axis, (name, values) in zip(row[1:], colourings(probe.isel(trial=slice(trials))), strict=True):
            few = np.unique(values) if len(np.unique(values)) <= FEW else None
            shades = plt.get_cmap("viridis", None if few is None else len(few))
            dots = axis.scatter(
                *place.reshape(-1, 2).T, c=values.ravel(), cmap=shades, s=2, linewidths=0, rasterized=True
            )
            bar = figure.colorbar(dots, ax=axis, pad=0.02, aspect=25)
            if few is not None and len(few) > 1:  # a colour each, its value in the middle of it
                edges = np.linspace(few[0], few[-1], len(few) + 1)
                bar.set_ticks((edges[:-1] + edges[1:]) / 2, labels=[minus(f"{value:g}") for value in few])
            bar.outline.set_visible(False)
            bar.ax.tick_params(labelsize=6)
            axis.set_title(f"coloured by {name}", fontsize=7)
            mark(axis, one.fixed_points, (one.fixed_points["state"].values - centre) @ plane.T)
            axis.set(xlabel=names[0], ylabel=names[1])
            axis.tick_params(labelsize=6)
    legend(figure, ("input", "target", "output"))
    return figure


def colourings(probe) -> list[tuple[str, np.ndarray]]:
    """Two ways (name, values (trial, time)) to colour the states on probe trials.

    The first is by the first output. The second is by an input that is constant within every trial and differs between
    trials, or otherwise by the second output, or otherwise by time.
    """
    inputs, targets = probe["inputs"].values, probe["targets"].values
    constant = (np.ptp(inputs, axis=1) == 0).all(0) & (np.ptp(inputs[:, 0], axis=0) > 0)  # (input,)
    found = [(f"target {named(probe, 'output', 0)}", targets[..., 0])]
    if constant.any():
        first = int(np.argmax(constant))
        found.append((f"input {named(probe, 'input', first).removeprefix('input ')}", inputs[..., first]))
    elif targets.shape[-1] > 1:
        found.append((f"target {named(probe, 'output', 1)}", targets[..., 1]))
    else:
        found.append(("time (steps)", np.broadcast_to(np.arange(targets.shape[1]), targets.shape[:2])))
    return found
