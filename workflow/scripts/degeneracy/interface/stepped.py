"""A cell made of the user's own modules, of which only `step(state, input) -> state` is known."""

import copy
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, jacrev

from degeneracy.errors import UserError
from degeneracy.interface.state_dicts import finite


class _Step(torch.nn.Module):
    """A module whose forward pass is the `step` of another one, as `functional_call` needs."""

    def __init__(self, inner: torch.nn.Module):
        super().__init__()
        self.inner = inner

    def forward(self, state: Tensor, inputs: Tensor) -> Tensor:
        return self.inner.step(state, inputs)


@dataclass(frozen=True)
class Cell:
    """The cell of modules of one class. Parameters are theirs, those of a linear readout besides."""

    width: int
    inputs: int
    module: torch.nn.Module = field(repr=False)
    bounded = False  # not known

    def parameters_of(self, module: torch.nn.Module, readout: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Parameters and buffers of one of the modules, and its readout, by name."""
        own = {name: value.detach().cpu().numpy() for name, value in _Step(module).state_dict().items()}
        return own | readout

    def parameter_dims(self) -> dict[str, tuple[str, ...]]:
        own = {
            name: tuple(f"{name}_{axis}" for axis in range(value.ndim))
            for name, value in _Step(self.module).state_dict().items()
        }
        return own | {"readout_weights": ("output", "unit"), "readout_bias": ("output",)}

    def initialise(self, generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        """The parameters of the first module: its own class alone knows how to draw others."""
        readout = {"readout_weights": np.zeros((outputs, self.width)), "readout_bias": np.zeros(outputs)}
        return self.parameters_of(self.module, readout)

    def step(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """State (point, unit) one step after `state` under inputs (point, input), of one network."""
        own = {name: value for name, value in parameters.items() if not name.startswith("readout_")}
        return functional_call(_Step(self.module), own, (state.clone(), inputs))  # which the step may write into

    def agrees(self, other: "Cell") -> bool:
        """Whether the module of another cell computes the same with the parameters of this one."""
        if self.width != other.width:
            return True  # networks that are never run by one cell
        own = _Step(self.module).state_dict()
        if own.keys() != _Step(other.module).state_dict().keys():
            return False
        generator = torch.Generator().manual_seed(0)
        kind = next((value.dtype for value in self.module.parameters()), torch.float32)
        state, drive = (torch.randn(4, size, generator=generator).to(kind) for size in (self.width, self.inputs))
        with torch.no_grad():
            one, two = (cell.step(own, state, drive) for cell in (self, other))
        return torch.allclose(one, two, equal_nan=True)

    def jacobian(self, parameters: dict[str, Tensor], state: Tensor, inputs: Tensor) -> Tensor:
        """Jacobian (point, unit, source_unit) of `step` with respect to the state, by automatic differentiation."""

        def summed(points: Tensor) -> Tensor:  # a point has no influence on another, so the sum keeps them apart
            return self.step(parameters, points, inputs).sum(0)

        return jacrev(summed)(state).movedim(0, 1)

    def states(self, parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        """States (network, time, trial, unit) of inputs (network, time, trial, input), from zero."""
        networks = []
        for index, drive in enumerate(inputs):
            own = {name: value[index] for name, value in parameters.items()}
            states = [drive.new_zeros(drive.shape[1], self.width)]
            for now in drive:
                states.append(self.step(own, states[-1], now))
            networks.append(torch.stack(states[1:]))
        return torch.stack(networks)

    def readout(self, parameters: dict[str, Tensor], states: Tensor) -> Tensor:
        """Outputs (network, …, output) of states (network, …, unit)."""
        weights, bias = parameters["readout_weights"], parameters["readout_bias"]
        flat = states.flatten(1, -2) @ weights.mT + bias[:, None]
        return flat.reshape(*states.shape[:-1], weights.shape[-2])


def cell_of(module: torch.nn.Module, width: int | None, inputs: int, where: str) -> Cell:
    """The cell of modules like this one, of which a copy is kept, without dropout.

    Raises UserError, naming `where`, unless its step takes inputs (trial, input) and returns states (trial, unit).
    """
    width = width or getattr(module, "hidden_size", None)
    if not width:
        raise UserError(f"{where}: its number of units is not known, must be the attribute hidden_size, or width=…")
    if not isinstance(module, torch.nn.Module):
        raise UserError(f"{where}: given {type(module).__name__}, must be a torch.nn.Module")
    for name, value in module.named_parameters():
        finite(value, f"{where}: {name}")
    cell = Cell(width, inputs, copy.deepcopy(module).eval())
    kind = next((value.dtype for value in module.parameters()), torch.float32)
    state, drive = (torch.zeros(2, size, dtype=kind) for size in (width, inputs))
    try:
        with torch.no_grad():
            found = cell.module.step(state.clone(), drive)
    except Exception as error:  # there is no end to what a module can raise
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{where}: its step fails with {width} units and {inputs} inputs ({reason})") from None
    if getattr(found, "shape", None) != state.shape:
        given = f"the shape {tuple(found.shape)}" if hasattr(found, "shape") else type(found).__name__
        raise UserError(f"{where}: its step returned {given}, must return the next state {tuple(state.shape)}")
    return cell
