"""Whether the plug-ins of an experiment go together, as far as their files say."""

from degeneracy.plugins.contracts import members_of_class
from degeneracy.plugins.discovery import Plugin, cell_of
from degeneracy.plugins.requirements import requirements

MATRIX = ["unit", "source_unit"]  # dimensions of a recurrent matrix


def misfit(plugin: Plugin, options: dict, spec: dict) -> str:
    """Why a plug-in with some options cannot do its work in a condition, in words; "" if nothing is known against it.

    Options go by their names in what it REQUIRES; those of the condition, by section and key. `state_size` is the
    number of states of the cell, where its file does not define another one than the width.
    """
    values = {f"{section}.{key}": value for section, part in spec.items() for key, value in part.items()}
    cell = cell_of(spec)
    if "state_size" not in members_of_class(cell, "Cell"):
        values["state_size"] = spec["model"]["width"]
    for requirement in requirements(plugin):
        if broken := requirement.broken(values | options):
            return broken
    if plugin.constant("ONE_MATRIX", False):
        dims = cell.constant("PARAMETERS", {})
        matrices = [name for name, own in dims.items() if list(own) == MATRIX]
        if len(matrices) > 1:
            return f"must have a cell with one recurrent matrix, and {cell.name} has {', '.join(matrices)}"
    return ""
