"""A trial in a panel: inputs, targets and outputs, each in a lane of its own."""

import numpy as np

from degeneracy.drawing import style

LANE = 1.3  # lanes are this far apart, and what they show is one high


def draw(axis, trials, place: int, outputs: np.ndarray, most: tuple[int, int]) -> str:
    """Draw one of `trials` (a group of a trials artifact) and the outputs (time, output) of a network on it.

    A lane is scaled to the largest value in any trial, which stands beside its name. A target is left out where it does
    not count in the loss. Of inputs and outputs at most so many are shown; returns a line that says so, for the title.
    """
    steps, ticks, left_out = np.arange(len(outputs)), {}, []
    counts = trials["mask"].values[place] > 0
    for kind, values, limit in zip(("input", "output"), (trials["inputs"], trials["targets"]), most, strict=True):
        count = values.shape[-1]
        if count > limit:
            left_out.append(f"{limit} of {count} {kind}s")
        for lane in range(min(limit, count)):
            height, size = -LANE * len(ticks), float(np.abs(values[..., lane]).max()) or 1.0
            ticks[height] = f"{named(trials, kind, lane)} (±{size:.2g})"
            line = height + values.values[place, :, lane] / size / 2  # half a lane high
            if kind == "input":
                axis.fill_between(steps, height, line, step="mid", color="0.7", label=kind)
            else:
                shown = np.where(counts, line, np.nan)
                axis.step(steps, shown, where="mid", color=style.ORANGE, linewidth=2.2, label="target")
                axis.plot(steps, height + outputs[:, lane] / size / 2, color=style.BLUE, linewidth=0.9, label="output")
    axis.set_xlabel("time (steps)")
    axis.set_yticks(list(ticks), list(ticks.values()))
    axis.spines["left"].set_visible(False)
    axis.tick_params(labelsize=6)
    axis.tick_params(axis="y", length=0)
    return f"\n{', '.join(left_out)}" if left_out else ""


def named(trials, kind: str, place: int) -> str:
    return str(trials[kind].values[place]).replace("_", " ")
