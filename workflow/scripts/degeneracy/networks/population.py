"""A population: all networks of one condition, and what metrics and figures read from it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import xarray as xr

from degeneracy.artifacts import joined, origin, store
from degeneracy.errors import UserError
from degeneracy.experiment.condition import dumps, trial_part
from degeneracy.fixed_points.schema import FIXED_POINTS
from degeneracy.networks.schema import NETWORKS
from degeneracy.networks.trained import MIXED
from degeneracy.plugins.discovery import make_cell, make_task
from degeneracy.status import Status
from degeneracy.trials.schema import TRIALS


@dataclass(frozen=True)
class Population:
    """Networks of one condition, their trials and, if they were read, their fixed points.

    Every array has the networks along its first dimension, in the order of `seeds`.
    """

    networks: xr.Dataset
    trials_path: str | None = None
    fixed_points: xr.Dataset | None = None
    compared_on: str = "probe"  # the group that is read as the probe trials
    trained: bool = True  # False: the networks before training
    device: str = "cpu"  # for costly computations
    inputs: origin.Inputs = field(default_factory=dict)  # contents of the artifacts that it was read from

    def __post_init__(self):
        if "states" in self.networks and self.compared_on == "probe":  # recorded activity
            self.__dict__["states"] = self.networks["states"].values

    @cached_property
    def condition(self) -> dict:
        return json.loads(self.networks.attrs["condition"])

    @cached_property
    def task(self):
        """The Task object of the condition."""
        return make_task(self.condition)

    @cached_property
    def cell(self):
        """The Cell object of the condition; its width is that of the networks, where the condition does not say it."""
        if not self.networks.attrs["parameters"]:
            raise UserError("recorded activity has no cell")
        model = {"width": self.networks.sizes["unit"]} | self.condition["model"]
        return make_cell(self.condition | {"model": model})

    @property
    def seeds(self) -> np.ndarray:
        return self.networks["network"].values

    @property
    def status(self) -> np.ndarray:
        return self.networks["status"].values

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """Each parameter after training, (network, …). Raises UserError for recorded activity."""
        names = self.networks.attrs["parameters"].split()
        if not names:
            raise UserError(self.networks.attrs.get("without_parameters", "recorded activity has no parameters"))
        return {name: self.networks[name].values for name in names}

    @property
    def initial_parameters(self) -> dict[str, np.ndarray]:
        """Each parameter before training, (network, …). Raises UserError for networks of which it is not known."""
        names = {name: f"initial_{name}" for name in self.parameters}
        if not self.networks.keys() >= set(names.values()):
            raise UserError("the networks before training are not known")
        return {name: self.networks[initial].values for name, initial in names.items()}

    def where(self, chosen: np.ndarray) -> Population:
        """The networks for which `chosen` (network) holds."""
        points = self.fixed_points
        if points is not None:
            points = points.isel(point=np.isin(points["network"], self.seeds[chosen]))
        return replace(self, networks=self.networks.isel(network=np.flatnonzero(chosen)), fixed_points=points)

    def untrained(self) -> Population:
        """The same networks before training, without fixed points."""
        before = {name: self.networks[f"initial_{name}"].variable for name in self.initial_parameters}
        return replace(self, networks=self.networks.assign(before), fixed_points=None, trained=False)

    def at_snapshot(self, index: int) -> Population:
        """The networks that reached the loss of a snapshot, as they were then, without fixed points."""
        reached = self.where(self.networks["snapshot_epoch"].values[:, index] > 0)
        then = reached.networks.isel(snapshot=index)
        taken = {name: then[f"snapshot_{name}"].variable for name in self.parameters}
        return replace(reached, networks=reached.networks.assign(taken), fixed_points=None)

    def replicate(self) -> Population:
        """The same networks with the replicate trials in the place of the probe trials."""
        return replace(self, compared_on="replicate")

    def example(self) -> tuple[Population, str]:
        """One network to show, the first that converged if there is one, and a note on the outcome otherwise."""
        notes = {Status.CONVERGED: "", Status.NOT_CONVERGED: ", not converged", Status.DIVERGED: ", diverged"}
        shown = min(range(len(self.status)), key=lambda index: [*notes].index(self.status[index]))
        return self.where(np.arange(len(self.status)) == shown), notes[Status(self.status[shown])]

    def trials(self, group: str) -> xr.Dataset:
        """Trials of a group (`train`, `probe`, `ood`, `replicate`)."""
        if self.trials_path is None:
            raise UserError(f"trials of {self.condition['task']['name']}: no trials artifact was given")
        trials = store.read(self.trials_path, TRIALS, self.compared_on if group == "probe" else group)
        joined.same(self.trials_path, trials.attrs, self.inputs)
        return trials

    def run(
        self, inputs: np.ndarray, keep_states: bool = True, fed_back: np.ndarray | None = None
    ) -> tuple[np.ndarray | None, np.ndarray]:
        """Run all networks on inputs (trial, time, input), in float64, one network after the other.

        This runs on the population's device. At steps for which `fed_back` (time) is not −1, the inputs are the outputs
        of the step that it names. Returns states (network, trial, time, unit), or None unless they are kept,
        and outputs (network, trial, time, output).
        """
        states, outputs = [], []
        for own, answers in self._run_each(inputs, fed_back):
            outputs.append(answers)
            if keep_states:
                states.append(own)
        return (np.stack(states) if keep_states else None), np.stack(outputs)

    def _run_each(
        self, inputs: np.ndarray, fed_back: np.ndarray | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """States (trial, time, unit) and outputs (trial, time, output) of one network after the other."""
        import torch  # here, so that a figure without states starts without torch

        from degeneracy.networks.closed_loop import states_of

        cell, exact = self.cell, {"dtype": torch.float64, "device": self.device}
        drive = torch.as_tensor(inputs, **exact).transpose(0, 1)[None]
        for index in range(len(self.seeds)):
            named = {
                name: torch.as_tensor(value[index : index + 1], **exact) for name, value in self.parameters.items()
            }
            with torch.no_grad():
                own = states_of(cell, named, drive, fed_back)  # (network, time, trial, unit)
                answers = cell.readout(named, own)
            yield own[0].transpose(0, 1).cpu().numpy(), answers[0].transpose(0, 1).cpu().numpy()

    @cached_property
    def states(self) -> np.ndarray:
        """States (network, trial, time, unit) on the probe trials, of all networks at once."""
        return self.run(self.trials("probe")["inputs"].values)[0]

    def states_of_each(self, trials: int | None = None) -> Iterator[np.ndarray]:
        """States (trial, time, unit) on the probe trials, or on the first ones, of one network after the other.

        They are not kept: all networks at once (`states`) can take many GB.
        """
        if "states" in self.__dict__:  # which are known already
            yield from self.states[:, :trials]
            return
        for states, _ in self._run_each(self.trials("probe")["inputs"].values[:trials]):
            yield states


def load(
    networks: Sequence[str],
    trials: str | None = None,
    fixed_points: Sequence[str] = (),
    device: str = "cpu",
    condition: dict | None = None,
) -> Population:
    """Population from the artifacts of its blocks, which must be of a condition (of that of the first, if None).

    Logs a warning if they were not all trained with the same rounding. Raises ArtifactError for a bad file, UserError
    if the files do not belong together.
    """
    blocks = {path: store.read(path, NETWORKS) for path in networks}
    parts = {path: store.read(path, FIXED_POINTS) for path in fixed_points}
    drawn = {trials: store.attributes_of(trials)} if trials is not None else {}
    inputs = _checked(blocks, parts, drawn, condition)
    _warn_of_mixed_rounding(blocks)
    seeds = np.concatenate([one["network"] for one in blocks.values()])
    if len(set(seeds)) < len(seeds):
        raise UserError(f"{', '.join(map(str, networks))}: the same network is in two of these files")
    points = _join_points(list(parts.values())) if parts else None
    if points is not None and (missing := set(seeds) - set(points["seed"].values)):
        raise UserError(f"{fixed_points[0]}: lacks the fixed points of networks {sorted(map(int, missing))}")
    together = xr.concat(blocks.values(), "network", data_vars="minimal", join="outer", combine_attrs="drop_conflicts")
    return Population(together, trials, points, device=device, inputs=inputs)


def _checked(blocks: dict, parts: dict, drawn: dict, condition: dict | None) -> origin.Inputs:
    """The contents of the artifacts of a population by kind. Raises UserError unless they belong together."""
    networks, points = ({path: data.attrs for path, data in files.items()} for files in (blocks, parts))
    condition = condition or json.loads(next(iter(networks.values()))["condition"])
    joined.of_condition(networks | points, condition)
    joined.of_condition(drawn, trial_part(condition))
    joined.alike(points, "options")
    joined.made_from(networks, origin.contents(drawn.values()))
    joined.made_from(points, origin.contents([*networks.values(), *drawn.values()]))
    return origin.contents([*networks.values(), *points.values(), *drawn.values()])


def _join_points(parts: list[xr.Dataset]) -> xr.Dataset:
    """Fixed points of several blocks; each variable is joined along its own dimension, `point` or `seed`."""
    along = [
        xr.concat([part[[name for name in part.data_vars if dim in part[name].dims]] for part in parts], dim)
        for dim in ("point", "seed")
    ]
    return xr.merge(along, combine_attrs="drop_conflicts")


def load_sweep(
    networks: Sequence[str],
    trials: Sequence[str],
    fixed_points: Sequence[str] = (),
    device: str = "cpu",
    conditions: Sequence[dict] = (),
) -> list[Population]:
    """Populations from the artifacts of several conditions, in the order of the networks artifacts.

    If conditions are given, networks and trials must be of these, in their order.
    """
    kinds = [{path: store.attributes_of(path) for path in paths} for paths in (networks, trials, fixed_points)]
    if conditions:
        joined.in_order(kinds[0], conditions)
        joined.in_order(kinds[1], [json.loads(one) for one in dict.fromkeys(map(_trials_of, conditions))])

    def by_condition(files, part=dumps):
        grouped = {}
        for path, attributes in files.items():
            grouped.setdefault(part(json.loads(attributes["condition"])), []).append(path)
        return grouped

    found, drawn, points = (by_condition(kinds[0]), by_condition(kinds[1], _trials_of), by_condition(kinds[2]))
    populations = []
    for text, paths in found.items():
        condition = json.loads(text)
        own = drawn.get(_trials_of(condition), [None])
        populations.append(load(paths, own[0], points.get(text, ()), device, condition))
    return populations


def _trials_of(condition: dict) -> str:
    return dumps(trial_part(condition))


def _warn_of_mixed_rounding(blocks: dict) -> None:
    """Networks whose training was rounded differently are like networks of other seeds."""
    files = {}  # one for each kind of rounding
    for path, block in blocks.items():
        files.setdefault(_rounding(block.attrs), path)
    if len(files) > 1 or any(MIXED in rounding for rounding in files):
        where = "; ".join(f"{path}: {rounding}" for rounding, path in files.items())
        logging.getLogger(__name__).warning(
            f"networks of one condition were trained where rounding differs, which is like other seeds: {where}"
        )


def _rounding(attributes: dict) -> str:
    """What decides how training rounds: the backend and the GPU, or the CPU and its BLAS kernels."""
    device = attributes["device"]
    if device == "cpu":
        device = ", ".join(attributes.get(name, f"unknown {name}") for name in ("cpu_model", "blas_kernels"))
    return f"{device} (backend {attributes.get('backend', 'unknown')})"
