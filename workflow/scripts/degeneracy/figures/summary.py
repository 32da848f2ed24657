"""Does the factor control degeneracy? Behaviour, dynamics, weights and representation beside one another.

Behaviour is the spread (SD) of the logarithm of the loss out of distribution, dynamics the mean DSA distance, weights
the mean permutation distance, as it is and relative to the size of the weights, representation the mean SVCCA distance.
Small dots are networks, large dots the populations' degeneracy with intervals from the network jackknife, open
triangles means of proven lower bounds. Thin lines are networks before training (dashed) and each network against itself
(dotted). n counts the networks that learnt the task. Titles give the fitted change from the first to the last level and
its interval.
"""

from degeneracy.drawing import style
from degeneracy.drawing.panel import legend, panel

READS = ("statistics",)
METRICS = ("ood_loss", "dsa", "permutation_distance", "svcca")
MEASURES = (
    ("ood_loss", "log_sd"),
    ("dsa", "distance"),
    ("permutation_distance", "distance"),
    ("permutation_distance", "relative"),
    ("svcca", "distance"),
)


def draw(sweep):
    shown = [(name, measure) for name, measure in MEASURES if name in sweep.statistics]
    figure, axes = style.panels(1, len(shown))
    for axis, (name, measure) in zip(axes[0], shown, strict=False):
        data = sweep.statistics[name]
        panel(axis, data.sel(measure=measure), sweep.axis_label)
        level = data.attrs["metric_level"]
        axis.set_title(f"{level}\n{axis.get_title()}")
    legend(figure)
    return figure
