"""Captions of figures. Standard library only, because rules need them."""

from degeneracy.plugins.contracts import MAP
from degeneracy.plugins.discovery import Plugin, names
from degeneracy.plugins.figure_contract import figure_contract

GRID = (
    "Each row is an aspect of the networks and each column a sweep, or the other way round for one or two sweeps. "
    "The y axis at the left names the measure."
)
WALL = "Each panel is a sweep. The y axis at the left names the measure."
DOTS = (
    "Small dots are networks. Large dots are the degeneracy of the population, with an interval from the bootstrap "
    "over networks, where there are enough; n counts the networks that converged. Titles give the change from "
    "the first to the last level in percent with its interval, or say that none is clear; robust changes are coloured, "
    "and a hollow arrow is supported by its interval only."
)
CURVES = (
    "Small dots are networks, the line is the degeneracy of the population, and the band is its interval from the "
    "bootstrap over networks, where there are enough. The axis of a factor is logarithmic where its levels span more "
    "than a decade. Titles give the change from the first to the last level, and the smallest and the largest number "
    "of networks that converged at a level."
)
REFERENCES = (
    "Dashed lines are the networks before training. Dotted lines are each network against itself on "
    "other trials (floor)."
)
MAPS = (
    "The map places every network by multidimensional scaling of the distances, in the colours of the levels beside "
    "it. Open symbols are networks that did not converge."
)


def caption(name: str) -> str:
    """The caption of a figure: its docstring, followed by what all figures of its SHAPE have in common."""
    contract, docstring = figure_contract(name), Plugin("figures", name).docstring
    if not contract.shape:
        return docstring
    dotted = contract.shape == "grid"
    metrics = [Plugin("metrics", name) for name in contract.metrics if name in names("metrics")]
    pairwise = any("features" in metric.functions for metric in metrics)
    tail = [WALL if len(contract.columns) == 1 else GRID, DOTS if dotted else CURVES]
    tail += [REFERENCES] * pairwise + [MAPS] * (MAP in contract.columns)
    return f"{docstring}\n\n{' '.join(tail)}"
