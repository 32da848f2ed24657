"""A population: all networks of one condition, and what metrics and figures read from it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xarray as xr

from degeneracy.artifacts import store
from degeneracy.errors import UserError
from degeneracy.experiment.condition import dumps, trial_part
from degeneracy.fixed_points.schema import FIXED_POINTS
from degeneracy.networks.schema import NETWORKS
from degeneracy.networks.trained import MIXED
from degeneracy.plugins.discovery import make_cell, make_task
from degeneracy.status import Status
from degeneracy.trials.halves import split_distinct
from degeneracy.trials.schema import TRIALS, check_trials


@dataclass(frozen=True)
class Population:
    """Networks of one condition, their trials and, if they were read, their fixed points.

    Every array has the networks along its first dimension, in the order of `seeds`.
    """

    networks: xr.Dataset
    trials_path: str | None = None
    fixed_points: xr.Dataset | None = None
    half: int | None = None  # 0 or 1: only that half of the probe trials is seen
    trained: bool = True  # False: the networks before training
    device: str = "cpu"  # for costly computations

    @cached_property
    def condition(self) -> dict:
        return json.loads(self.networks.attrs["condition"])

    @cached_property
    def task(self):
        """The Task object of the condition."""
        return make_task(self.condition)

    @cached_property
    def cell(self):
        """The Cell object of the condition."""
        return make_cell(self.condition)

    @property
    def seeds(self) -> np.ndarray:
        return self.networks["network"].values

    @property
    def status(self) -> np.ndarray:
        return self.networks["status"].values

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """Each parameter after training, (network, …)."""
        return {name: self.networks[name].values for name in self.networks.attrs["parameters"].split()}

    @property
    def initial_parameters(self) -> dict[str, np.ndarray]:
        """Each parameter before training, (network, …)."""
        return {name: self.networks[f"initial_{name}"].values for name in self.networks.attrs["parameters"].split()}

    def where(self, chosen: np.ndarray) -> Population:
        """The networks for which `chosen` (network) holds."""
        points = self.fixed_points
        if points is not None:
            points = points.isel(point=np.isin(points["network"], self.seeds[chosen]))
        return replace(self, networks=self.networks.isel(network=np.flatnonzero(chosen)), fixed_points=points)

    def untrained(self) -> Population:
        """The same networks before training, without fixed points."""
        before = {name: self.networks[f"initial_{name}"].variable for name in self.parameters}
        return replace(self, networks=self.networks.assign(before), fixed_points=None, trained=False)

    def halves(self) -> tuple[Population, Population]:
        """The same networks on each half of the probe trials; no sequence of inputs is in both halves.

        See `split_distinct`. Reading the probe trials of a half raises UserError if all of them have the same inputs.
        """
        return replace(self, half=0), replace(self, half=1)

    def example(self) -> tuple[Population, str]:
        """One network to show, the first that converged if there is one, and a note on the outcome otherwise."""
        notes = {Status.CONVERGED: "", Status.NOT_CONVERGED: ", not converged", Status.DIVERGED: ", diverged"}
        shown = min(range(len(self.status)), key=lambda index: [*notes].index(self.status[index]))
        return self.where(np.arange(len(self.status)) == shown), notes[Status(self.status[shown])]

    def trials(self, group: str) -> xr.Dataset:
        """Trials of a group (`train`, `probe`, `ood`)."""
        if self.trials_path is None:
            raise UserError(f"trials of {self.condition['task']['name']}: no trials artifact was given")
        trials = store.read(self.trials_path, TRIALS, group)
        if group != "probe" or self.half is None:
            return trials
        halves = split_distinct(trials["inputs"].values)
        if not halves[1]:
            raise UserError(f"{self.trials_path}: its probe trials have the same inputs, they cannot be halved")
        return trials.isel(trial=halves[self.half])

    def run(self, inputs: np.ndarray, keep_states: bool = True) -> tuple[np.ndarray | None, np.ndarray]:
        """Run all networks on inputs (trial, time, input), in float64, one network after the other.

        This runs on the population's device. Returns states (network, trial, time, unit), or None unless they are kept,
        and outputs (network, trial, time, output).
        """
        import torch  # here, so that a figure without states starts without torch

        cell, exact = self.cell, {"dtype": torch.float64, "device": self.device}
        drive = torch.as_tensor(inputs, **exact).transpose(0, 1)[None]
        states, outputs = [], []
        for index in range(len(self.seeds)):
            named = {
                name: torch.as_tensor(value[index : index + 1], **exact) for name, value in self.parameters.items()
            }
            with torch.no_grad():
                own = cell.states(named, drive)  # (network, time, trial, unit)
                outputs.append(cell.readout(named, own)[0].transpose(0, 1).cpu().numpy())
            if keep_states:
                states.append(own[0].transpose(0, 1).cpu().numpy())
        return (np.stack(states) if keep_states else None), np.stack(outputs)

    @cached_property
    def states(self) -> np.ndarray:
        """States (network, trial, time, unit) on the probe trials."""
        return self.run(self.trials("probe")["inputs"].values)[0]


def load(
    networks: Sequence[str], trials: str | None = None, fixed_points: Sequence[str] = (), device: str = "cpu"
) -> Population:
    """Population from the artifacts of its blocks.

    Logs a warning if they were not all trained with the same rounding. Raises ArtifactError for a bad file, UserError
    if the files are not all of one condition.
    """
    blocks = [store.read(path, NETWORKS) for path in networks]
    _same_condition(networks, blocks)
    _warn_of_mixed_rounding(networks, blocks)
    points = None
    if fixed_points:
        parts = [store.read(path, FIXED_POINTS) for path in fixed_points]
        _same_condition([networks[0], *fixed_points], [blocks[0], *parts])
        points = _join_points(parts)
        missing = set(np.concatenate([one["network"] for one in blocks])) - set(points["seed"].values)
        if missing:
            raise UserError(f"{fixed_points[0]}: lacks the fixed points of networks {sorted(map(int, missing))}")
    if trials is not None:
        check_trials(trials, json.loads(blocks[0].attrs["condition"]))
        content = store.attributes_of(trials).get("train_content")
        for path, block in zip(networks, blocks, strict=True):
            if block.attrs.get("trials", content) != content:
                raise UserError(f"{path}: its networks were trained on other trials than those in {trials}")
    seeds = np.concatenate([one["network"] for one in blocks])
    if len(set(seeds)) < len(seeds):
        raise UserError(f"{', '.join(map(str, networks))}: the same network is in two of these files")
    joined = xr.concat(blocks, "network", data_vars="minimal", join="outer", combine_attrs="drop_conflicts")
    return Population(joined, trials, points, device=device)


def _join_points(parts: list[xr.Dataset]) -> xr.Dataset:
    """Fixed points of several blocks; each variable is joined along its own dimension, `point` or `seed`."""
    joined = [
        xr.concat([part[[name for name in part.data_vars if dim in part[name].dims]] for part in parts], dim)
        for dim in ("point", "seed")
    ]
    return xr.merge(joined, combine_attrs="drop_conflicts")


def load_sweep(
    networks: Sequence[str], trials: Sequence[str], fixed_points: Sequence[str] = (), device: str = "cpu"
) -> list[Population]:
    """Populations from the artifacts of several conditions, in the order of the networks artifacts."""

    def by_condition(paths, part=lambda condition: condition):
        grouped = {}
        for path in paths:
            condition = json.loads(store.attributes_of(path)["condition"])
            grouped.setdefault(dumps(part(condition)), []).append(path)
        return grouped

    points, drawn = by_condition(fixed_points), by_condition(trials, trial_part)
    populations = []
    for condition, paths in by_condition(networks).items():
        own = drawn.get(dumps(trial_part(json.loads(condition))), [None])
        populations.append(load(paths, own[0], points.get(condition, ()), device))
    return populations


def _same_condition(paths, datasets) -> None:
    for path, dataset in zip(paths, datasets, strict=True):
        if dataset.attrs["condition"] != datasets[0].attrs["condition"]:
            raise UserError(f"{path}: artifact of another condition than {paths[0]}")


def _warn_of_mixed_rounding(paths, blocks) -> None:
    """Networks whose training was rounded differently are like networks of other seeds."""
    files = {}  # one for each kind of rounding
    for path, block in zip(paths, blocks, strict=True):
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
