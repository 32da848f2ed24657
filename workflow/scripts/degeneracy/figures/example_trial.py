"""One probe trial per level: the inputs, the targets, and the outputs of one trained network.

Grey bars are the inputs, the thick line is the target, and the thin line is the output of the network. Each row is an
output; if there are many, only the first few are shown. The network is the first that converged. If none did, it is the
first of all, and its title says so.
"""

from typing import Annotated

import numpy as np

from degeneracy.drawing import style
from degeneracy.errors import UserError
from degeneracy.plugins.options import Range

READS = ("networks", "trials")
REQUIRES = ("trial < trials.probe",)


def draw(sweep, *, trial: Annotated[int, Range(0)] = 0, outputs: Annotated[int, Range(1)] = 6):
    rows = min(outputs, max(one.networks.sizes["output"] for one in sweep.populations.values()))
    figure, axes = style.panels(rows, len(sweep.populations), lettered=False, sharex="col", sharey=True)
    figure.set_size_inches(figure.get_size_inches()[0], 0.9 * rows + 0.8)
    for column, (level, population) in zip(axes.T, sweep.populations.items(), strict=True):
        one, note = population.example()
        probe = population.trials("probe")
        if trial >= probe.sizes["trial"]:
            raise UserError(f"example_trial.trial: given {trial}, there are {probe.sizes['trial']} probe trials")
        data = probe.isel(trial=trial)
        answers = one.run(data["inputs"].values[None])[1][0, 0]  # (time, output)
        steps, count = np.arange(len(answers)), answers.shape[1]
        empty = max(rows - count, 0)
        for axis in column[:empty]:
            axis.set_axis_off()
        some = f"\nfirst {rows} of {count} outputs" if count > rows else ""
        column[empty].set_title(f"{sweep.factor_name} {level}, network {one.seeds[0]}{note}{some}")
        for row, axis in enumerate(column[empty:]):
            if row < data.sizes["input"]:
                axis.bar(steps, data["inputs"][:, row], width=0.8, color="0.8", label="input")
            axis.step(steps, data["targets"][:, row], where="mid", color=style.ORANGE, linewidth=2.5, label="target")
            axis.plot(steps, answers[:, row], color=style.BLUE, label="output")
            axis.set_ylabel(str(data["output"].values[row]).replace("_", " "))
        column[-1].set_xlabel("time (steps)")
    figure.legend(*axes[-1, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
