"""What the paper (Huang et al. 2025) reports: its factors, its arrows, and the measures that we compare with them."""

from degeneracy.plugins.discovery import Plugin

UP, DOWN, UNCLEAR = "up", "down", "unclear"
COMPLEXITY, OTHER = "complexity", "other"
# Factors of the paper other than task complexity, which each task declares (COMPLEXITY in its file)
PAPER_FACTORS = {
    "model.gamma": "feature learning",
    "model.width": "width",
    "training.nuclear_norm": "regularisation",
    "training.l1": "regularisation",
}
# The paper's table: the change of degeneracy as the factor rises, by paper factor and aspect
PAPER_ARROWS = {
    COMPLEXITY: {"behaviour": DOWN, "dynamics": DOWN, "weights": UP},
    "feature learning": {"behaviour": UP, "dynamics": DOWN, "weights": UP},
    "width": {"behaviour": DOWN, "dynamics": DOWN, "weights": DOWN},
    "regularisation": {"behaviour": DOWN, "dynamics": DOWN, "weights": DOWN},
}
# The paper's measure of each metric in its table
PAPER_MEASURES = {"ood_loss": "sd", "dsa": "distance", "permutation_distance": "per_n_squared", "svcca": "distance"}


# Our measures of metrics that the paper does not have, of an aspect that its table has
OUR_MEASURES = {"soft_dsa": "distance"}


def compared(metric: str) -> tuple[str, str]:
    """The measures of a metric that we compare with the paper: primary, the paper's; and preferred, the HEADLINE that
    the file of the metric names. Both are empty for a metric that is not in the paper's table, but for one of ours that
    stands beside the paper's.
    """
    if metric not in PAPER_MEASURES:
        return "", OUR_MEASURES.get(metric, "")
    return PAPER_MEASURES[metric], Plugin("metrics", metric).constant("HEADLINE", "")


def paper_factor(task: str, factor: str) -> str:
    """The name of a task's factor (`task.channels`) in the paper's table; `other` if it is not in the table."""
    section, _, option = factor.partition(".")
    if section == "task" and option in Plugin("tasks", task).constant("COMPLEXITY", ()):
        return COMPLEXITY
    return PAPER_FACTORS.get(factor, OTHER)


def agreement(measured: str, paper: str) -> str:
    """Whether a measured arrow agrees with that of the paper; empty where the paper has none."""
    if not paper:
        return ""
    return UNCLEAR if measured == UNCLEAR else "agrees" if measured == paper else "disagrees"
