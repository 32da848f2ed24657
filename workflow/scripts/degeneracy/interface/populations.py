"""From the user's networks and recordings to a population."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from degeneracy.errors import UserError
from degeneracy.interface import parameters, state_dicts
from degeneracy.interface.given import (
    Arrays,
    Given,
    activity_of,
    check_activity,
    condition_of,
    networks_of,
    numbers,
    trials_of,
)
from degeneracy.plugins.discovery import Plugin

TRIAL_DIMS = ("trial", "time", "input")
STATE_DIMS = ("trial", "time", "unit")


@dataclass(frozen=True)
class Network:
    """A network: its cell, its parameters and, unless it only has a step, the name and the options of the cell."""

    cell: Any
    parameters: Arrays
    model: dict

    @property
    def inputs(self) -> int | None:
        """Number of inputs; None if it is not known."""
        return parameters.inputs(self.parameters)


def population(
    networks: Sequence | Mapping,
    cell: str = "",
    *,
    readouts: Sequence | None = None,
    inputs=None,
    targets=None,
    labels: Sequence[str] | None = None,
    width: int | None = None,
    **options,
) -> Given:
    """A population of networks that were trained elsewhere.

    Parameters
    ----------
    networks
        One of these for each network: a module of torch.nn that is or holds one RNN, GRU, LSTM or a cell of these, with
        one layer and one direction; its state dict; a module with a method `step(state, input)`, which takes (trial,
        unit) and (trial, input) and returns the next state (fixed points then use Jacobians by torch.func); or a
        mapping of the parameters of a cell of this project by name. Such a mapping may also hold all networks at once,
        each array (network, …).
    cell
        Name of the cell, which modules and state dicts of torch.nn need not give.
    readouts
        A linear readout for each network: a torch.nn.Linear, or a mapping of `weight` (output, unit) and `bias`. By
        default it is the only linear layer beside the recurrent one; without it, networks have no outputs.
    inputs
        Inputs (trial, time, input) on which states are compared. Networks start from zero.
    targets
        Targets (trial, time, output) of these trials; only their size matters, as the unit of outputs.
    labels
        A name for each network.
    width
        Units of modules with `step`, if they do not have the attribute `hidden_size`.
    options
        Options of the cell, such as `activation="relu"`, which a module of torch.nn says and its state dict does not.

    Networks of different widths can be compared by their activity alone. Raises UserError with a sentence for what
    cannot be a network, for NaN, and for networks that do not go together.

    >>> import degeneracy, torch
    >>> networks = [torch.nn.GRU(2, 8) for _ in range(3)]
    >>> population = degeneracy.population(networks, inputs=torch.randn(16, 20, 2))
    >>> population.states.shape  # (network, trial, time, unit)
    (3, 16, 20, 8)
    """
    listed = _listed(networks)
    names = _labels(labels, len(listed))
    outside = [None] * len(listed) if readouts is None else [_readout(each) for each in sequence(readouts, "readouts")]
    if len(outside) != len(listed):
        raise UserError(f"readouts: given {len(outside)} for {len(listed)} networks, must be one for each")
    stepped = [callable(getattr(each, "step", None)) for each in listed]
    if width and not all(stepped):
        raise UserError(f"width: given {width}, which is for modules with a step; other networks say it themselves")
    if any(stepped) and (cell or options):
        raise UserError(
            f"given {', '.join(['cell'] * bool(cell) + [*options])}, which a module with a step does not take"
        )
    probe = _probe(inputs, targets)
    channels = 0 if probe is None else probe.sizes["input"]
    made = [
        _of_step(each, name, readout, width, channels) if steps else _of_cell(each, name, readout, cell, options)
        for each, name, readout, steps in zip(listed, names, outside, stepped, strict=True)
    ]
    return _joined(made, names, probe)


def activity(states, inputs=None, *, labels: Sequence[str] | None = None) -> Given:
    """A population of which only states are known, recorded or exported.

    Parameters
    ----------
    states
        States (network, trial, time, unit), or (trial, time, unit) for each network, whose numbers of units may differ
        if a metric does not see rotations: NumPy arrays, tensors, or xarray DataArrays with these dimensions in any
        order. All networks have the same trials and steps.
    inputs
        Inputs (trial, time, input) of the trials, for metrics that need them.
    labels
        A name for each network.

    Raises UserError for one trial, one step, NaN, or networks with different trials.

    >>> import degeneracy, numpy as np
    >>> states = np.random.default_rng(0).normal(size=(3, 10, 25, 6))
    >>> degeneracy.activity(states).states.shape  # (network, trial, time, unit)
    (3, 10, 25, 6)
    """
    if hasattr(states, "ndim") and states.ndim != 4:
        raise UserError(f"activity: given {states.ndim} dimensions, must be 4 (network, trial, time, unit)")
    if hasattr(states, "dims"):
        states = states.transpose("network", *STATE_DIMS)
    listed = sequence(states, "activity")
    each = [numbers(one, f"activity of network {place}", STATE_DIMS) for place, one in enumerate(listed)]
    if not each:
        raise UserError("activity: given no network, must be at least one")
    names = _labels(labels, len(each))
    check_activity(dict(zip(names, each, strict=True)))
    probe = None
    if inputs is not None:
        drive = numbers(inputs, "inputs", TRIAL_DIMS)
        if drive.shape[:2] != each[0].shape[:2]:
            raise UserError(
                f"inputs: given {drive.shape}, must have the {each[0].shape[:2]} trials and steps of states"
            )
        probe = trials_of(drive)
    data = activity_of(each, names).assign_attrs(condition=condition_of({}))
    return Given(data, probe=probe)


def _probe(inputs, targets):
    """The trials that are given; None if there are none."""
    if inputs is None:
        if targets is not None:
            raise UserError("targets: given without inputs, must be given with the inputs of the same trials")
        return None
    drive = numbers(inputs, "inputs", TRIAL_DIMS)
    if 0 in drive.shape[:2]:
        raise UserError(f"inputs: given {drive.shape[:2]} trials and steps, must have at least one of each")
    goals = None if targets is None else numbers(targets, "targets", ("trial", "time", "output"))
    if goals is not None and goals.shape[:2] != drive.shape[:2]:
        raise UserError(f"targets: given {goals.shape}, must have {drive.shape[:2]} trials and steps, as inputs")
    return trials_of(drive, goals)


def _listed(networks: Sequence | Mapping) -> list:
    """The networks, one by one."""
    if isinstance(networks, Mapping):
        if state_dicts.is_state_dict(networks):
            raise UserError("networks: given one state dict, must be a list with one for each network")
        if wrong := [name for name, values in networks.items() if not hasattr(values, "__len__")]:
            raise UserError(f"networks: given {wrong[0]}, which is no array (network, …); modules go in a list")
        sizes = {name: len(values) for name, values in networks.items()}
        if len(set(sizes.values())) != 1:
            raise UserError(f"networks: given arrays of {sizes} networks, must be (network, …), as many of each")
        networks = [{name: each[place] for name, each in networks.items()} for place in range(min(sizes.values()))]
    listed = sequence(networks, "networks")
    if not listed:
        raise UserError("networks: given none, must be at least one")
    return listed


def sequence(given, where: str) -> list:
    """What is given for each network, in a list."""
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        raise UserError(f"{where}: given {type(given).__name__}, must be a list with one for each network")
    return list(given)


def _labels(labels: Sequence[str] | None, count: int) -> list[str]:
    given = [f"network {place}" for place in range(count)] if labels is None else sequence(labels, "labels")
    names = [str(each) for each in given]
    if len(names) != count or len(set(names)) < count:
        raise UserError(f"labels: given {len(set(names))} different ones for {count} networks, must be one for each")
    return names


def _readout(given) -> Mapping:
    return given.state_dict() if hasattr(given, "state_dict") else given


def _of_cell(network, where: str, readout: Mapping | None, cell: str, options: dict) -> Network:
    """A network of a cell of this project."""
    model = {}
    if hasattr(network, "state_dict"):
        from degeneracy.interface import modules  # which needs torch, as this network does

        model, network = modules.model_of(network, where), network.state_dict()
    if not isinstance(network, Mapping):
        raise UserError(f"{where}: given {type(network).__name__}, must be a module of torch.nn or its state dict")
    found, own = parameters.read(network, where, cell, readout)
    Plugin("cells", found).check(options, "options of the cell")
    model = {"cell": found} | model | options
    return Network(parameters.cell_of(model, own), own, model)


def _of_step(module, where: str, readout: Mapping | None, width: int | None, inputs: int) -> Network:
    """A network of which the next state alone is known."""
    from degeneracy.interface import stepped  # which needs torch, as this network does

    cell = stepped.cell_of(module, width, inputs, where)
    own = cell.parameters_of(module, state_dicts.readout_of({}, cell.width, where, readout))
    return Network(cell, own, {})


def _joined(made: list[Network], names: list[str], probe) -> Given:
    """One population of all networks. Those of different widths are known by their activity alone."""
    first = made[0]
    for name, each in zip(names, made, strict=True):
        taken = each.inputs if probe is None or each.inputs is None else probe.sizes["input"]
        if each.inputs not in (taken, None):
            raise UserError(f"{name}: takes {each.inputs} inputs, must take {taken}, as inputs has")
        for what, own, other in (
            ("takes {} inputs", each.inputs, first.inputs),
            ("has {} outputs", len(each.parameters["readout_bias"]), len(first.parameters["readout_bias"])),
            ("is of the cell {}", each.model, first.model),
        ):
            if own != other:
                raise UserError(f"{name}: {what.format(own)}, and {names[0]} {other}; all networks must be alike")
    own_cell = first.cell if not first.model else None
    if own_cell and (odd := [name for name, each in zip(names, made, strict=True) if not each.cell.agrees(own_cell)]):
        raise UserError(
            f"{odd[0]}: its step is not that of {names[0]} with other parameters; all must have the same step, "
            "without noise, and numbers that differ between networks must be parameters or buffers"
        )
    if len({each.cell.width for each in made}) == 1:
        data = networks_of(first.cell, [each.parameters for each in made], names)
        return Given(data.assign_attrs(condition=condition_of(first.model)), known_cell=own_cell, probe=probe)
    widths = " and ".join(map(str, sorted({each.cell.width for each in made})))
    if probe is None:
        raise UserError(f"networks of {widths} units can be compared by their activity alone: give inputs")
    alone = [Given(networks_of(each.cell, [each.parameters], [""]), known_cell=each.cell, probe=probe) for each in made]
    reason = f"networks of {widths} units have no weights and equations that could be compared"
    data = activity_of([each.states[0] for each in alone], names, reason)
    return Given(data.assign_attrs(condition=condition_of({})), probe=probe)
