"""The parameters of a network under the names of torch.nn, and under those of our cells.

A state dict may be that of a recurrent layer, or that of a model in which the layer has a name of its own (`rnn.`, say)
and a linear readout may lie beside it. The two biases of torch add up to the one of our cells; only the candidate of
the GRU keeps both.
"""

from collections.abc import Mapping

import numpy as np

from degeneracy.errors import UserError

Arrays = dict[str, np.ndarray]
CELLS = {1: "vanilla", 3: "gru", 4: "lstm"}  # by the number of matrices that torch stacks
NAMES = {"vanilla": "RNN", "gru": "GRU", "lstm": "LSTM"}
GATES = {  # in the order of torch; the candidate has no prefix
    "vanilla": ("",),
    "gru": ("reset_", "update_", ""),
    "lstm": ("input_gate_", "forget_gate_", "", "output_gate_"),
}
SAVE = "save torch.nn.Module.state_dict() of a network of one recurrent layer"


def recurrent_name(cell: str, gate: str) -> str:
    """Name of the recurrent matrix of a gate in our cells."""
    return f"{gate}weights" if gate else "recurrent_weights"


def read(state: Mapping, where: str, cell: str = "", readout: Mapping | None = None) -> tuple[str, Arrays]:
    """The cell of a state dict, and its parameters under our names.

    `cell` is the one that is expected, "" for any; `readout` has `weight` (output, unit) and perhaps `bias` (output).
    Without it, the readout is the only linear layer of the state dict that reads the units; if there is none, the
    network has no outputs. Raises UserError, naming `where`, for a state dict of another cell or of several layers.
    """
    arrays = {name: finite(value, f"{where}: {name}") for name, value in state.items()}
    prefix, ending = _layer(arrays, where)

    def layer(name: str) -> np.ndarray | None:
        return arrays.pop(f"{prefix}{name}{ending}", None)

    given, recurrent, biases = layer("weight_ih"), layer("weight_hh"), (layer("bias_ih"), layer("bias_hh"))
    width = _width(given, recurrent, biases, where)
    found = CELLS.get(len(recurrent) // width)
    if found is None or cell not in ("", found):
        have = f"{len(recurrent) // width} recurrent matrices" + (f" ({NAMES[found]})" if found else "")
        raise UserError(f"{where}: has {have}, must be the state dict of a {NAMES.get(cell, 'RNN, GRU or LSTM')}")
    one, other = (np.zeros(len(recurrent)) if bias is None else bias for bias in biases)
    parameters: Arrays = {}
    for place, gate in enumerate(GATES[found]):
        rows = slice(place * width, (place + 1) * width)
        parameters[recurrent_name(found, gate)] = recurrent[rows]
        parameters[f"{gate}input_weights"] = given[rows]
        if found == "gru" and not gate:
            parameters |= {"bias": one[rows], "recurrent_bias": other[rows]}
        else:
            parameters[f"{gate}bias"] = one[rows] + other[rows]
    return found, parameters | readout_of(arrays, width, where, readout)


def write(cell: str, parameters: Arrays) -> tuple[Arrays, Arrays]:
    """The state dict of the recurrent layer of torch.nn, and that of the linear readout, of parameters of ours."""
    gates = GATES[cell]

    def stacked(names: list[str]) -> np.ndarray:
        return np.concatenate([parameters[name] for name in names])

    bias = stacked([f"{gate}bias" for gate in gates])
    other = np.zeros_like(bias)
    if cell == "gru":
        other[-len(parameters["recurrent_bias"]) :] = parameters["recurrent_bias"]
    layer = {
        "weight_ih_l0": stacked([f"{gate}input_weights" for gate in gates]),
        "weight_hh_l0": stacked([recurrent_name(cell, gate) for gate in gates]),
        "bias_ih_l0": bias,
        "bias_hh_l0": other,
    }
    return layer, {"weight": parameters["readout_weights"], "bias": parameters["readout_bias"]}


def is_state_dict(state: Mapping) -> bool:
    """Whether arrays go by the names of a recurrent layer of torch.nn."""
    return any("weight_hh" in str(name) for name in state)


def _width(given, recurrent: np.ndarray, biases: tuple, where: str) -> int:
    """Number of units. Raises UserError unless the arrays of a recurrent layer go together."""
    width = recurrent.shape[-1] if recurrent.ndim == 2 else 0
    rows = len(recurrent) if width else 0
    fits = given is not None and given.shape == (rows, *given.shape[1:2])
    if not (width and rows % width == 0 and fits and all(bias is None or bias.shape == (rows,) for bias in biases)):
        named = {"weight_ih": given, "weight_hh": recurrent, "bias_ih": biases[0], "bias_hh": biases[1]}
        shapes = ", ".join(f"{name} {array.shape}" for name, array in named.items() if array is not None)
        raise UserError(
            f"{where}: has {shapes}, must have weight_ih (row, input), weight_hh (row, unit), biases (row,)"
        )
    return width


def _layer(arrays: Arrays, where: str) -> tuple[str, str]:
    """What stands before and after the names of the one recurrent layer (`rnn.` weight_hh `_l0`)."""
    layers = [name.partition("weight_hh") for name in arrays if "weight_hh" in name]
    if not layers:
        raise UserError(f"{where}: has no recurrent layer ({', '.join(arrays) or 'nothing'}); {SAVE}")
    if any("parametrizations." in name for name in arrays):
        raise UserError(f"{where}: is parametrized; call torch.nn.utils.parametrize.remove_parametrizations first")
    if any(ending.endswith("_reverse") for *_, ending in layers):
        raise UserError(f"{where}: is bidirectional, must run forward alone; {SAVE}, or give its states as activity")
    if any(f"{prefix}weight_hr{ending}" in arrays for prefix, _, ending in layers):
        raise UserError(f"{where}: projects its states (proj_size), must not; give its states as activity")
    if len(layers) > 1:
        raise UserError(
            f"{where}: has {len(layers)} recurrent layers, must have one; give each layer its own state dict and the"
            " states of the layer below as inputs, or give the states as activity"
        )
    return layers[0][0], layers[0][2]


def readout_of(arrays: Arrays, width: int, where: str, given: Mapping | None) -> Arrays:
    """Our parameters of the readout: what is given, or what is left of a state dict; without either no outputs."""
    if given is None:
        linear = [name for name, value in arrays.items() if value.ndim == 2 and value.shape[1] == width]
        if len(linear) > 1:
            raise UserError(f"{where}: which of {', '.join(linear)} is the readout? Give it as readouts")
        names = {"weight": linear[0], "bias": f"{linear[0].removesuffix('weight')}bias"} if linear else {}
        if left := arrays.keys() - names.values():
            raise UserError(
                f"{where}: has {', '.join(sorted(left))} besides, must be one recurrent layer and at most a linear "
                "readout; leave out what is neither, or give its states as activity"
            )
        given = {key: arrays[name] for key, name in names.items() if name in arrays}
    elif not isinstance(given, Mapping) or not {"weight"} <= given.keys() <= {"weight", "bias"}:
        has = ", ".join(map(str, given)) if isinstance(given, Mapping) else type(given).__name__
        raise UserError(f"{where}: given the readout {has}, must be a torch.nn.Linear, or a mapping of weight and bias")
    weights = finite(given.get("weight", np.zeros((0, width))), f"{where}: weights of the readout")
    if weights.ndim != 2 or weights.shape[1] != width:
        raise UserError(f"{where}: the readout has the shape {weights.shape}, must have (output, {width})")
    bias = given.get("bias")
    bias = np.zeros(len(weights)) if bias is None else finite(bias, f"{where}: bias of the readout")
    if bias.shape != weights.shape[:1]:
        raise UserError(f"{where}: the bias of the readout has the shape {bias.shape}, must have {weights.shape[:1]}")
    return {"readout_weights": weights, "readout_bias": bias}


def as_array(values) -> np.ndarray:
    """A tensor, or what NumPy takes, as an array; bfloat16, which NumPy lacks, in single precision."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = (values.float() if "bfloat16" in str(values.dtype) else values).numpy()
    return np.asarray(values)


def finite(value, where: str) -> np.ndarray:
    """A tensor or an array as an array of finite numbers."""
    try:
        array = as_array(value)
    except ValueError:  # rows of different lengths
        raise UserError(f"{where} is {type(value).__name__} with rows of different lengths, must be numbers") from None
    if array.dtype.kind not in "fiub":
        raise UserError(f"{where} is {type(value).__name__} of {array.dtype}, must be numbers")
    if not np.isfinite(array).all():
        raise UserError(f"{where} holds NaN or infinity, must be finite numbers")
    return array
