"""Populations of networks that were made elsewhere, as metrics and figures read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from degeneracy.errors import UserError
from degeneracy.experiment.condition import dumps
from degeneracy.interface.state_dicts import as_array
from degeneracy.networks.population import Population
from degeneracy.networks.schema import NETWORKS, of_cell
from degeneracy.status import Status
from degeneracy.trials.schema import TRIALS

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Channels:
    """What is known of the task of networks that were made elsewhere: its channels, and constant inputs."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: np.ndarray  # (condition, input)

    def constant_inputs(self) -> np.ndarray:
        return self.constants


@dataclass(frozen=True)
class Given(Population):
    """A population whose trials, and perhaps whose cell, are in memory and not in files."""

    probe: xr.Dataset | None = None
    known_cell: Any = None  # None: the cell of the condition
    constants: np.ndarray | None = None  # None: no input

    @property
    def cell(self):
        return self.parameters and (self.known_cell or super().cell)  # or a sentence says why there are none

    @property
    def task(self) -> Channels:
        sizes = dict(self.networks.sizes) | ({"input": self.probe.sizes["input"]} if self.probe is not None else {})
        names = [tuple(f"{kind} {index}" for index in range(sizes.get(kind, 0))) for kind in ("input", "output")]
        constants = np.zeros((1, len(names[0]))) if self.constants is None else self.constants
        return Channels(*names, constants)

    def replicate(self) -> Population:
        raise UserError("no other trials are known of networks that were made elsewhere")

    def trials(self, group: str) -> xr.Dataset:
        """The trials that were given: they are the probe trials and, if they have targets, the training trials."""
        if self.probe is None:
            raise UserError("no inputs are known: give inputs (trial, time, input) to the population")
        if group == "probe" or (group == "train" and self.probe.sizes["output"]):
            return self.probe
        raise UserError(f"no {group} trials are known of networks that were made elsewhere")


def networks_of(cell, parameters: Sequence[Arrays], labels: Sequence[str]) -> xr.Dataset:
    """Networks of one cell as a networks artifact holds them, without what is known of networks trained here alone."""
    dims, first = cell.parameter_dims(), parameters[0]
    for label, each in zip(labels, parameters, strict=True):
        for name, own in dims.items():
            if each[name].shape != first[name].shape:
                shapes = f"{each[name].shape}, and that of {labels[0]} {first[name].shape} ({', '.join(own)})"
                raise UserError(f"{label}: {name} has the shape {shapes}; networks of a population must have the same")
    values = {name: np.stack([each[name] for each in parameters]) for name in dims}
    return of_cell(cell).build(values | _unknown(len(parameters)), _coordinates(labels), parameters=" ".join(dims))


def activity_of(states: Sequence[np.ndarray], labels: Sequence[str], reason: str = "") -> xr.Dataset:
    """Recorded states (trial, time, unit) of each network as a networks artifact holds them.

    Units that a network has less than others are 0, which changes no metric that does not see rotations of the states.
    `reason` says in a sentence why there are no parameters.
    """
    widths = [each.shape[-1] for each in states]
    padded = [np.pad(each.astype(float), ((0, 0), (0, 0), (0, max(widths) - each.shape[-1]))) for each in states]
    values = {"states": np.stack(padded), "units": np.array(widths, np.int32)} | _unknown(len(states))
    data = NETWORKS.build(values, _coordinates(labels), parameters="")
    return data.assign_attrs(without_parameters=reason) if reason else data


def _unknown(count: int) -> Arrays:
    """What an artifact says of the training of networks that were not trained here: nothing, and that they are used."""
    numbers = dict.fromkeys(("epochs", "epoch_stored", "epoch_reached"), np.zeros(count, np.int32))
    losses = {"loss": np.full((count, 1), np.nan), "final_loss": np.full(count, np.nan)}
    return losses | numbers | {"status": np.full(count, Status.CONVERGED, np.int8)}


def _coordinates(labels: Sequence[str]) -> dict[str, Any]:
    order = np.arange(len(labels), dtype=np.int32)
    seeds = dict.fromkeys(("initialisation_seed", "data_seed"), order)
    number = ("network", order, {"long_name": "number of the network"})
    return seeds | {"network": number, "label": ("network", list(labels))}


def trials_of(inputs: np.ndarray, targets: np.ndarray | None = None) -> xr.Dataset:
    """Inputs (trial, time, input) and perhaps targets (trial, time, output) as a group of trials; all steps count."""
    targets = np.zeros((*inputs.shape[:2], 0)) if targets is None else targets
    values = {"inputs": inputs, "targets": targets, "mask": np.ones(inputs.shape[:2])}
    sizes = {"input": inputs.shape[-1], "output": targets.shape[-1]}
    return TRIALS.build(
        {name: np.asarray(value, float) for name, value in values.items()},
        {kind: [f"{kind} {index}" for index in range(size)] for kind, size in sizes.items()},
    )


def condition_of(model: Mapping) -> str:
    """The condition (JSON) of networks of which the model alone is known."""
    return dumps(
        {"task": {}, "model": dict(model), "training": {"loss": "mse"}, "trials": {}, "networks": {"group": ""}}
    )


def numbers(values, where: str, dims: Sequence[str]) -> np.ndarray:
    """Finite numbers with some dimensions, in their order, from an array, a tensor or a DataArray."""
    if hasattr(values, "dims") and set(values.dims) == set(dims):
        values = values.transpose(*dims)
    try:
        array = as_array(values)
        if array.dtype.kind == "c":
            raise TypeError
        array = array.astype(float, copy=False)
    except (TypeError, ValueError):
        raise UserError(f"{where}: given {type(values).__name__}, must be numbers ({', '.join(dims)})") from None
    if array.ndim != len(dims):
        raise UserError(f"{where}: given {array.ndim} dimensions, must be {len(dims)} ({', '.join(dims)})")
    if not np.isfinite(array).all():
        raise UserError(f"{where}: holds NaN or infinity, must be finite numbers")
    return array


def is_population(given, where: str) -> Population:
    """What is given, if it is a population."""
    if not isinstance(given, Population):
        kind = type(given).__name__
        raise UserError(f"{where}: given {kind}, must be a population (degeneracy.population, activity or open)")
    return given


def check_activity(states: Mapping[str, np.ndarray]) -> None:
    """Raise UserError, naming one of them, unless all states (trial, time, unit) are of the same trials and enough."""
    first = next(iter(states))
    for name, each in states.items():
        trials, steps, units = each.shape
        if trials < 2 or steps < 3 or not units:
            given = f"{trials} trials of {steps} steps and {units} units"
            raise UserError(f"{name}: given {given}, must have at least 2 trials, 3 steps and a unit")
        if (trials, steps) != states[first].shape[:2]:
            shapes = f"{(trials, steps)} trials and steps, and {first} {states[first].shape[:2]}"
            raise UserError(f"{name}: has {shapes}; all networks must have the same")
