"""One probe trial a level: inputs, targets, and what one trained network answers.

Grey bars are the inputs, the thick line the target, the thin line the network's output; one row an output. Where no network
learnt the task, the first one is shown and its title says so.
"""

import numpy as np

from degeneracy import style
from degeneracy.population import CONVERGED

READS = ("networks", "trials")


def draw(sweep, *, trial: int = 0):
    rows = max(one.networks.sizes["output"] for one in sweep.populations.values())
    figure, axes = style.panels(rows, len(sweep.populations), sharex="col", sharey=True)
    figure.set_size_inches(style.PANEL[0] * len(sweep.populations), 0.9 * rows + 0.8)
    for column, (level, population) in zip(axes.T, sweep.populations.items(), strict=True):
        learnt = population.status == CONVERGED
        shown = int(np.argmax(learnt))  # the first that learnt the task, or the first
        data = population.trials("probe").isel(trial=trial)
        one = population.where(np.arange(len(learnt)) == shown)
        outputs = one.run(data["inputs"].values[None])[1][0, 0]  # (time, output)
        steps = np.arange(len(outputs))
        note = "" if learnt[shown] else ", task not learnt"
        column[0].set_title(f"{sweep.factor_name} {level}, network {one.seeds[0]}{note}")
        for row, axis in enumerate(column):
            if row >= outputs.shape[1]:
                axis.set_axis_off()
                continue
            if row < data.sizes["input"]:
                axis.bar(steps, data["inputs"][:, row], width=0.8, color="0.8", label="input")
            axis.step(steps, data["targets"][:, row], where="mid", color=style.ORANGE, linewidth=2.5, label="target")
            axis.plot(steps, outputs[:, row], color=style.BLUE, label="output")
            last = row == outputs.shape[1] - 1
            axis.tick_params(labelbottom=last)
            if last:
                axis.set_xlabel("time (steps)")
    for row, axis in enumerate(axes[:, 0]):
        axis.set_ylabel(f"output {row + 1}")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
