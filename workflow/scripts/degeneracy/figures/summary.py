"""Does the factor control degeneracy? Behaviour, dynamics, weights and representation side by side.

Behaviour is the SD of the logarithm of the out-of-distribution loss. Dynamics is the mean DSA distance, and beside it
that of soft DSA, which has no rank. Weights are the mean permutation distance, as it is and relative to the size of the
weights. Representation is the mean SVCCA distance. Small dots are networks. Large dots are the degeneracy of the
population, with an interval from the bootstrap over networks, where there are enough; n counts the networks that
converged. Open triangles are means of proven lower bounds. Thin lines are the networks before training (dashed), and
each network against itself (dotted). Titles give the fitted change from the first to the last level, with its interval,
and whether its direction is robust (coloured), supported by its interval only, or unclear.
"""

from degeneracy.drawing import style
from degeneracy.drawing.arrows import COLOURS, sign, state
from degeneracy.drawing.panel import legend, panel

READS = ("statistics", "directions")
METRICS = ("ood_loss", "dsa", "soft_dsa", "permutation_distance", "svcca")
MEASURES = (
    ("ood_loss", "log_sd"),
    ("dsa", "distance"),
    ("soft_dsa", "distance"),
    ("permutation_distance", "distance"),
    ("permutation_distance", "relative"),
    ("svcca", "distance"),
)


def draw(sweep):
    shown = [(name, measure) for name, measure in MEASURES if name in sweep.statistics]
    directions = {(row.metric, row.measure): row for row in sweep.directions.to_dataframe().itertuples()}
    figure, axes = style.panels(1, len(shown))
    for axis, (name, measure) in zip(axes[0], shown, strict=False):
        data = sweep.statistics[name]
        panel(axis, data.sel(measure=measure), sweep.axis_label)
        row = directions[name, measure]
        axis.set_title(f"{row.metric_level}\n{axis.get_title()}\n{sign(row)} {state(row)}", color=COLOURS[state(row)])
    legend(figure)
    return figure
