"""The parameters of networks of a cell, by the names that its file gives them."""

from collections.abc import Mapping

import numpy as np

from degeneracy.artifacts import foreign
from degeneracy.errors import UserError
from degeneracy.interface import state_dicts
from degeneracy.interface.state_dicts import Arrays
from degeneracy.plugins.discovery import Plugin
from degeneracy.plugins.options import did_you_mean, quoted

SIZES = ("unit", "source_unit", "input", "output")


def read(network: Mapping, where: str, cell: str, readout: Mapping | None = None) -> tuple[str, Arrays]:
    """The cell and the parameters of a network, from a state dict of torch.nn or from parameters by our names."""
    if state_dicts.is_state_dict(network):
        return state_dicts.read(network, where, cell, readout)
    if not cell:
        raise UserError(f"{where}: given the parameters {', '.join(network)}, must say of which cell (cell=…)")
    return cell, complete(network, where, cell, readout)


def complete(network: Mapping, where: str, cell: str, readout: Mapping | None = None) -> Arrays:
    """The parameters of a cell from those that are given: without biases they are 0, without others there are none.

    Networks may lack inputs and outputs, not recurrent weights. Raises UserError for an unknown name, one that is
    missing, and a shape that does not fit the others.
    """
    dims = Plugin("cells", cell).load().Cell().parameter_dims()
    if unknown := network.keys() - dims.keys():
        name = min(unknown)
        raise UserError(f"{where}: unknown parameter {quoted(name)} of the cell {cell}{did_you_mean(name, dims)}")
    arrays = {
        name: state_dicts.finite(foreign.in_order(value, dims[name]), f"{where}: {name}")
        for name, value in network.items()
    }
    sizes = dict.fromkeys(("input", "output"), 0)
    for name, array in arrays.items():
        if array.ndim != len(dims[name]):
            raise UserError(f"{where}: {name} has the shape {array.shape}, must be ({', '.join(dims[name])})")
        sizes |= dict(zip(dims[name], array.shape, strict=True))
    sizes["source_unit"] = sizes.setdefault("unit", sizes.get("source_unit", 0))
    for name, own in dims.items():
        shape = tuple(sizes.get(dim, 0) for dim in own)
        optional = name.endswith("bias") or "output" in own or ("input" in own and not sizes["input"])
        if name not in arrays and not optional:
            raise UserError(f"{where}: lacks the parameter {name} ({', '.join(own)}) of the cell {cell}")
        array = arrays.setdefault(name, np.zeros(shape))
        if array.shape != shape:
            raise UserError(f"{where}: {name} has the shape {array.shape}, must have {shape}, ({', '.join(own)})")
    if readout is not None:
        arrays |= state_dicts.readout_of({}, sizes["unit"], where, readout)
    return {name: arrays[name] for name in dims}


def units(parameters: Arrays) -> int:
    """Number of units of the network that has these parameters."""
    return parameters["readout_weights"].shape[1]


def inputs(parameters: Arrays) -> int | None:
    """Number of its inputs; None if it is not known, as of a module with a step."""
    return parameters["input_weights"].shape[1] if "input_weights" in parameters else None


def cell_of(model: Mapping, parameters: Arrays):
    """The cell of a model (its name and options), as wide as the network that has these parameters."""
    options = {key: value for key, value in model.items() if key != "cell"}
    return Plugin("cells", model["cell"]).load().Cell(**{"width": units(parameters)} | options)
