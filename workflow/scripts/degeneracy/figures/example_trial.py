"""One probe trial per level: the inputs, the targets, and the outputs of one trained network.

Each line is an input (grey), or a target (thick) with the output (thin), scaled to the range beside its name. If there
are many, only the first are shown. Where the loss leaves the output free, there is no target. The network is the first
that converged. If none did, it is the first of all, and its title says so.
"""

from typing import Annotated

from degeneracy.drawing import lanes, style
from degeneracy.errors import UserError
from degeneracy.plugins.options import Range

READS = ("networks", "trials")
REQUIRES = ("trial < trials.probe",)
PER_ROW = 3  # panels
LANE, AROUND = 0.2, 0.75  # inches, of a line, and of the title and the x axis


def draw(
    sweep,
    *,
    trial: Annotated[int, Range(0)] = 0,
    inputs: Annotated[int, Range(1)] = 4,
    outputs: Annotated[int, Range(1)] = 6,
):
    figure, axes = style.wall(len(sweep.populations), PER_ROW)
    most = 0
    for axis, (level, population) in zip(axes, sweep.populations.items(), strict=True):
        one, note = population.example()
        probe = population.trials("probe")
        if trial >= probe.sizes["trial"]:
            raise UserError(f"example_trial.trial: given {trial}, there are {probe.sizes['trial']} probe trials")
        answers = one.run(probe["inputs"].values[[trial]])[1][0, 0]  # (time, output)
        left_out = lanes.draw(axis, probe, trial, answers, (inputs, outputs))
        axis.set_title(f"{sweep.at(level)}, network {one.seeds[0]}{note}{left_out}", fontsize=7)
        most = max(most, len(axis.get_yticks()))
    rows = -(-len(axes) // PER_ROW)
    figure.set_figheight(min(rows * (most * LANE + AROUND), style.PAGE_HIGH))
    style.legend_below(figure, style.labelled(figure))
    return figure
