"""The measures that stand for each level of analysis wherever one is shown for it."""

# level of analysis: the metric and the measure that this project trusts most, which the figures show
HEADLINE = {
    "behaviour": ("ood_loss", "log_sd"),
    "dynamics": ("dsa", "distance"),
    "weights": ("permutation_distance", "relative"),
    "representation": ("svcca", "distance"),
}
