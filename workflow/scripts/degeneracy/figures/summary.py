"""Does the factor control degeneracy? Behaviour, dynamics, weights and representation side by side.

Behaviour is the SD of the logarithm of the out-of-distribution loss. Dynamics is the mean DSA distance, and beside it
that of soft DSA, which has no rank. Weights are the mean permutation distance, relative to the size of the weights.
Representation is the mean SVCCA distance. Small dots are networks: the mean distance of each to the others of its
level, or its deviation from the centre of the level. Large dots are the degeneracy of the population, with an interval
from the bootstrap over networks, where there are enough; n counts the networks that converged. Thin lines are the
networks before training (dashed, the ceiling), and each network against itself on other trials (dotted, the floor),
where they are in the range of the panel. Titles give the change from the first to the last level in percent with its
interval, or say that none is clear; robust changes are coloured, and a hollow arrow is supported by its interval only.
"""

from degeneracy.drawing import style
from degeneracy.drawing.panel import legend, panel, zoom

READS = ("statistics", "directions")
METRICS = ("ood_loss", "dsa", "soft_dsa", "permutation_distance", "svcca")
MEASURES = (
    ("ood_loss", "log_sd"),
    ("dsa", "distance"),
    ("soft_dsa", "distance"),
    ("permutation_distance", "relative"),
    ("svcca", "distance"),
)
PER_ROW = 3  # panels


def draw(sweep):
    shown = [(name, measure) for name, measure in MEASURES if name in sweep.statistics]
    figure, axes = style.wall(len(shown), PER_ROW)
    for axis, (name, measure) in zip(axes, shown, strict=True):
        data = sweep.statistics[name].sel(measure=measure)
        panel(axis, data, sweep.axis_label, sweep.direction(name, measure))
        zoom(axis, data)
        axis.title.set_text(f"{sweep.statistics[name].attrs['metric_level']}\n{axis.get_title()}".rstrip())
    legend(figure)
    return figure
