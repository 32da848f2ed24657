"""What the functions of a plug-in return, checked when they return it: names, shapes, and that it is numbers.

`contracts` checks what a file declares. A wrong shape would otherwise be broadcast, and no one would notice.
"""

import re
from typing import Any

import numpy as np

from degeneracy.errors import UserError
from degeneracy.plugins.options import quoted

OURS = ("network", "network_other", "floor", "status")  # names in a metric artifact that no metric gives
SIZES = {"network": 2, "time": 3, "trial": 5}  # of what a cell is tried on: no two alike


def features(module, returned: Any, networks: int) -> dict[str, np.ndarray]:
    """The features of a metric by name, each (network, …). Raises UserError, naming the file, if they are not."""
    where = f"{module.__file__}: features"
    if not isinstance(returned, dict) or not returned:
        raise UserError(f"{where} returned {_kind(returned)}, must return a dictionary of arrays, such as {{'x': …}}")
    return {
        name: _array(values, (networks,), "network", f"{where}: {name}", "biufc") for name, values in returned.items()
    }


def measures(module, function: str, returned: Any, dim: str, size: int) -> dict[str, np.ndarray]:
    """What `value` (dim "network") or `distance` (dim "pair") of a metric returns, by name.

    What MEASURES names is (dim,), all else is (dim, …). Raises UserError, naming the file, otherwise.
    """
    where = f"{module.__file__}: {function}"
    given = returned if isinstance(returned, dict) else {function: returned}
    for name in given:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w*", name) or name in OURS:
            raise UserError(f"{where} returned the name {quoted(name)}, must be a word, and none of {', '.join(OURS)}")
    if missing := sorted(module.MEASURES.keys() - given.keys()):
        raise UserError(f"{where} returned {', '.join(given)}, must also return {', '.join(missing)} (see MEASURES)")
    arrays = {name: _array(values, (size,), dim, f"{where}: {name}", "biuf") for name, values in given.items()}
    for name in module.MEASURES:
        if arrays[name].ndim > 1:
            raise UserError(f"{where}: {name} has the shape {arrays[name].shape}, must have {(size,)}, ({dim},)")
    return arrays


def told(module, arrays: dict[str, np.ndarray], dim: str) -> list[str]:
    """A sentence for each measure that is NaN or infinite for some networks or pairs."""
    counts = {name: int(np.sum(~np.isfinite(arrays[name]))) for name in module.MEASURES if name in arrays}
    return [
        f"{name}: NaN or infinite for {count} of {len(arrays[name])} {dim}s" for name, count in counts.items() if count
    ]


def check_cell(cell, path, inputs: int, outputs: int) -> None:
    """Try a cell on a few small inputs, and raise UserError, naming its file, if it returns what it must not.

    States may have another size than `width`, but always the same.
    """
    import torch  # here, because metrics of weights do without

    made = _parameters(cell, path, inputs, outputs)
    networks, time, trial = SIZES.values()
    one = {name: torch.as_tensor(value, dtype=torch.float64) for name, value in made.items()}
    several = {name: torch.stack([value] * networks) for name, value in one.items()}

    def silence(*shape: int) -> Any:
        return torch.zeros((*shape, inputs), dtype=torch.float64)

    with torch.no_grad():
        states = cell.states(several, silence(networks, time, trial))
        size = states.shape[-1] if getattr(states, "ndim", 0) == 4 else cell.width
        _tensor(states, (networks, time, trial, size), "network, time, trial, unit", f"{path}: states")
        answers = cell.readout(several, states)
        _tensor(answers, (networks, time, trial, outputs), "network, time, trial, output", f"{path}: readout")
        given = one, states[0, 0], silence(trial)
        _tensor(cell.step(*given), (trial, size), "point, unit", f"{path}: step")
        _tensor(cell.jacobian(*given), (trial, size, size), "point, unit, source_unit", f"{path}: jacobian")


def _parameters(cell, path, inputs: int, outputs: int) -> dict[str, np.ndarray]:
    """The parameters of a network of a cell before training, checked against its `parameter_dims`."""
    dims, made = cell.parameter_dims(), cell.initialise(np.random.default_rng(0), inputs, outputs)
    if not isinstance(made, dict) or made.keys() != dims.keys():
        given = ", ".join(made) if isinstance(made, dict) else _kind(made)
        raise UserError(f"{path}: initialise returned {given}, must return {', '.join(dims)} (see parameter_dims)")
    sizes = {"unit": cell.width, "source_unit": cell.width, "input": inputs, "output": outputs}
    arrays = {}
    for name, own in dims.items():
        where = f"{path}: initialise: {name}"
        array = arrays[name] = _array(made[name], (), ", ".join(own), where, "biuf")
        fits = [sizes.get(dim, size) == size for dim, size in zip(own, array.shape, strict=False)]
        if array.ndim != len(own) or not all(fits):
            wanted = tuple(sizes.get(dim, dim) for dim in own)
            raise UserError(f"{where} has the shape {array.shape}, must have {wanted}, ({', '.join(own)})")
        if not np.isfinite(array).all():
            raise UserError(f"{where} holds NaN or infinity, must be finite numbers")
    return arrays


def constants(task, path) -> np.ndarray:
    """The constant inputs (condition, input) of a task. Raises UserError, naming its file, if they are not."""
    where, returned = f"{path}: constant_inputs", task.constant_inputs()
    array = _array(returned, np.shape(returned)[:1], "condition", where, "biuf")
    if array.ndim != 2 or array.shape[1] != len(task.inputs) or not len(array) or not np.isfinite(array).all():
        wanted = f"finite numbers (condition, input), with {len(task.inputs)} inputs"
        raise UserError(f"{where} have the shape {array.shape}, must be {wanted}")
    return array


def _array(values: Any, shape: tuple, dims: str, where: str, kinds: str) -> np.ndarray:
    """The values as an array of numbers whose shape begins with `shape`."""
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in kinds:
        raise UserError(f"{where} is {_kind(values)}, must be an array of numbers ({dims}, …)")
    if array.shape[: len(shape)] != shape:
        raise UserError(f"{where} has the shape {array.shape}, must have {shape}, ({dims})")
    return array


def _tensor(value: Any, shape: tuple, dims: str, where: str) -> None:
    if tuple(getattr(value, "shape", ())) != shape:
        given = f"the shape {tuple(value.shape)}" if hasattr(value, "shape") else _kind(value)
        raise UserError(f"{where} returned {given}, must return {shape}, ({dims})")


def _kind(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    return f"{type(value).__name__} of {dtype}" if dtype is not None else type(value).__name__
