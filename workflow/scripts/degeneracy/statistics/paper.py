"""What the paper reports (Huang et al. 2025): its factors, its arrows, and the measures that are compared with them."""

from degeneracy.plugins.discovery import Plugin
from degeneracy.statistics.headline import HEADLINE

UP, DOWN, UNCLEAR = "up", "down", "unclear"
COMPLEXITY, OTHER = "complexity", "other"
# Factors of the paper beside the complexity of the task, which each task declares (COMPLEXITY in its file)
PAPER_FACTORS = {
    "model.gamma": "feature learning",
    "model.width": "width",
    "training.nuclear_norm": "regularisation",
    "training.l1": "regularisation",
}
# The paper's table: change of degeneracy as the factor rises, by paper factor and level of analysis
PAPER_ARROWS = {
    COMPLEXITY: {"behaviour": DOWN, "dynamics": DOWN, "weights": UP},
    "feature learning": {"behaviour": UP, "dynamics": DOWN, "weights": UP},
    "width": {"behaviour": DOWN, "dynamics": DOWN, "weights": DOWN},
    "regularisation": {"behaviour": DOWN, "dynamics": DOWN, "weights": DOWN},
}
PAPER_MEASURES = {"ood_loss": "sd", "dsa": "distance", "permutation_distance": "per_n_squared", "svcca": "distance"}
# metric: its primary and its preferred measure
COMPARED = {metric: (PAPER_MEASURES[metric], preferred) for metric, preferred in HEADLINE.values()}


def paper_factor(task: str, factor: str) -> str:
    """What a factor (`task.channels`) of a task is in the paper's table; `other` where it is none of it."""
    section, _, option = factor.partition(".")
    if section == "task" and option in Plugin("tasks", task).constant("COMPLEXITY", ()):
        return COMPLEXITY
    return PAPER_FACTORS.get(factor, OTHER)


def agreement(measured: str, paper: str) -> str:
    """Whether a measured arrow agrees with the paper's; empty where the paper has none."""
    if not paper:
        return ""
    return UNCLEAR if measured == UNCLEAR else "agrees" if measured == paper else "disagrees"
