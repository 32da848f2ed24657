"""Whether the plug-ins of an experiment go together, as far as their files say."""

import ast
from functools import cache
from typing import Any

from degeneracy.experiment.condition import lacking
from degeneracy.plugins import contracts
from degeneracy.plugins.contracts import members_of_class
from degeneracy.plugins.discovery import Plugin, cell_of, cells_of
from degeneracy.plugins.requirements import Requirement, requirements

MATRIX = ["unit", "source_unit"]  # dimensions of a recurrent matrix
ON_MATRICES = {"connectivity": 1, "l1": 0, "nuclear_norm": 0}  # options of training, and the values that do nothing


def facts(spec: dict) -> dict[str, Any]:
    """What plug-ins may require of a condition: its options by section and key, and what is known of its cell.

    `state_size` is the number of states, where the file of the cell does not define another one than the width, and
    `matrices` are the recurrent matrices, where its PARAMETERS name them.
    """
    known = {f"{section}.{key}": value for section, part in spec.items() for key, value in part.items()}
    known["lacking"] = lacking(spec)
    if not cells_of(spec):
        return known | {"matrices": []}
    same, matrices = _of_cell(cell_of(spec), cell_of(spec).tree)
    known |= {"matrices": matrices}
    return known | ({"state_size": known["model.width"]} if same and "model.width" in known else {})


def misfit(plugin: Plugin, options: dict, facts: dict[str, Any]) -> str:
    """Why a plug-in with some options cannot do its work in a condition, in words; "" if none is known."""
    if unmet := contracts.unmet(plugin, facts["lacking"]):
        return unmet
    required, one_matrix = _stated(plugin, plugin.tree)
    for requirement in required:
        if broken := requirement.broken(facts | options):
            return broken
    if one_matrix and len(facts["matrices"]) > 1:
        cell, matrices = facts["model.cell"], ", ".join(facts["matrices"])
        return f"must have a cell with one recurrent matrix, and {cell} has {matrices}"
    return ""


def training_misfit(spec: dict) -> tuple[str, str]:
    """An option of training that the cell of a condition cannot have, and why; two empty strings if there is none."""
    cell, training, width = cell_of(spec), spec["training"], spec["model"]["width"]
    dims = cell.constant("PARAMETERS")
    if dims is not None and MATRIX not in map(list, dims.values()):
        for option, nothing in ON_MATRICES.items():
            if training[option] != nothing:
                reason = f"the cell {cell.name} has no recurrent matrix of single weights"
                return option, f"given {training[option]}, must be {nothing}, as {reason}"
    if round(training["connectivity"] * width**2) < 1:
        reason = f"which connects none of {width} units to another or to itself"
        return "connectivity", f"given {training['connectivity']}, {reason}, must be at least {width**-2:.2g}"
    return "", ""


@cache
def _of_cell(cell: Plugin, tree: ast.Module) -> tuple[bool, list[str]]:
    """Whether it has as many states as units, and the names of its recurrent matrices."""
    dims = cell.constant("PARAMETERS", {})
    matrices = [name for name, own in dims.items() if list(own) == MATRIX]
    return "state_size" not in members_of_class(cell, "Cell"), matrices


@cache
def _stated(plugin: Plugin, tree: ast.Module) -> tuple[list[Requirement], bool]:
    return requirements(plugin), plugin.constant("ONE_MATRIX", False)
