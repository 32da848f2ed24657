"""From the files of a condition to the networks artifact of the pipeline."""

import hashlib
from pathlib import Path

import xarray as xr

from degeneracy.artifacts import foreign
from degeneracy.errors import UserError
from degeneracy.interface import parameters
from degeneracy.interface.given import activity_of, check_activity, networks_of, numbers
from degeneracy.plugins.discovery import make_task

STATES = "states"  # what a file of activity holds
TRIALS = ("trial", "time", "unit")


def imported(condition: dict) -> xr.Dataset:
    """The networks, or the activity, of the files of a condition, in their order; the path of each is its label.

    Raises UserError, naming the file, for one that has changed since the run was planned, that holds something else
    than the condition says, or that does not go with the trials of the condition or with the other files.
    """
    files = condition["networks"]["files"]
    for path, content in files.items():
        if hashlib.sha256(Path(path).read_bytes()).hexdigest()[: len(content)] != content:
            raise UserError(f"{path}: has changed since the run was planned; run snakemake again to go on")
    arrays = {path: foreign.arrays(path) for path in files}
    if not condition["model"]:
        return _activity(condition, arrays)
    cell, task = condition["model"]["cell"], make_task(condition)
    own = {path: parameters.read(each, path, cell)[1] for path, each in arrays.items()}
    source = condition["task"].get("file", condition["task"]["name"])
    drawn = condition["trials"]  # by a task of this project, which has outputs
    for path, each in own.items():
        for what, has, wanted in (
            ("inputs", parameters.inputs(each), len(task.inputs)),
            ("outputs", len(each["readout_bias"]), len(task.outputs) if drawn else None),
        ):
            if wanted is not None and has != wanted:
                raise UserError(f"{path}: has {has} {what}, must have {wanted}, as {source} has")
    made = parameters.cell_of(condition["model"], next(iter(own.values())))
    return networks_of(made, [*own.values()], [*own])


def _activity(condition: dict, arrays: dict) -> xr.Dataset:
    """Recorded states of the files, of which each is a network."""
    states = {}
    for path, each in arrays.items():
        name = STATES if STATES in each or len(each) != 1 else next(iter(each))
        if name not in each:
            raise UserError(f"{path}: holds {', '.join(each) or 'nothing'}, must hold states (trial, time, unit)")
        states[path] = numbers(each[name], path, TRIALS)
    check_activity(states)
    if condition["task"]["file"]:
        inputs = make_task(condition).given("probe").inputs
        for path, each in states.items():
            if each.shape[:2] != inputs.shape[:2]:
                shapes = f"{each.shape[:2]} trials and steps, must have {inputs.shape[:2]}"
                raise UserError(f"{path}: has {shapes}, as {condition['task']['file']} has")
    return activity_of([*states.values()], [*states])
