"""Trials: the inputs, targets and loss mask a task generates, in four groups."""

from dataclasses import replace

import numpy as np
import xarray as xr

from degeneracy.errors import UserError
from degeneracy.plugins.discovery import make_task, task_of
from degeneracy.tasks import Trials
from degeneracy.trials.schema import GROUPS, TRIALS


def generate(condition: dict, groups=GROUPS, training_set: int = 0) -> dict[str, xr.Dataset]:
    """Groups of trials of a condition, as one dataset for each group.

    `train` is what networks learn from, `probe` what all networks are compared on, `replicate` as many trials again,
    which say what sampling adds to a comparison, and `ood` (out of distribution) what generalisation is measured on.
    Each group has a random stream of its own, shared with no network's: more training trials leave the probe trials as
    they are. A task that lists its few different trials (`distinct`) has each of them equally often among the probe
    trials if they are enough, and again among the replicate trials. `train` can be drawn more than once: each
    `training_set` has a stream of its own, and the trials artifact holds set 0.

    With the option `ood_kind` "generalisation" or "longer" the task itself draws the ood trials; with "noise" they are
    trials like the others, to whose inputs, all of them at every step, Gaussian noise of the SD `ood_noise` (input
    units) is added, and whose targets are those of the inputs without the noise.
    """
    task, options = make_task(condition), condition["trials"]
    path = task_of(condition).source
    if hasattr(task, "given"):  # in a file
        return {group: _dataset(task.given(group), task) for group in groups}
    made_groups = {}
    for group in groups:
        index = GROUPS.index(group)
        stream = (3, index, training_set) if group == "train" and training_set else (3, index)
        generator = np.random.default_rng(np.random.SeedSequence(options["seed"], spawn_key=stream))
        ood = options["ood_kind"] if group == "ood" else None
        count = options["probe" if group == "replicate" else group]
        made = None
        if group in ("probe", "replicate") and hasattr(task, "distinct"):
            made = _equally_often(task.distinct(), count)
        if made is None:
            made = task.trials(generator, count, ood=None if ood == "noise" else ood)
        check(made, task, count, f"{path}: trials of the group {group}")
        if ood == "noise":
            noise = generator.normal(0, options["ood_noise"], made.inputs.shape)
            made = replace(made, inputs=made.inputs + noise)
        made_groups[group] = _dataset(made, task)
    return made_groups


def _equally_often(distinct: Trials | None, count: int) -> Trials | None:
    """`count` trials that hold each distinct one equally often, give or take one; None if they are too few for that."""
    if distinct is None or len(distinct.inputs) > count:
        return None
    chosen = np.arange(count) * len(distinct.inputs) // count
    return Trials(distinct.inputs[chosen], distinct.targets[chosen], distinct.mask[chosen], distinct.fed_back)


def check(made: Trials, task, count: int, where: str) -> None:
    """Raise UserError, naming `where`, unless a task made `count` trials of the right shapes and of finite numbers."""
    if not isinstance(made, Trials):
        raise UserError(f"{where}: given {type(made).__name__}, must be Trials(inputs, targets, mask)")
    steps = np.shape(made.inputs)[1:2]
    wanted = {
        "inputs": ("(trial, time, input)", (count, *steps, len(task.inputs))),
        "targets": ("(trial, time, output)", (count, *steps, len(task.outputs))),
        "mask": ("(trial, time)", (count, *steps)),
    }
    for name, (dims, shape) in wanted.items():
        values = np.asarray(getattr(made, name))
        if values.shape != shape:
            raise UserError(f"{where}: {name} have the shape {values.shape}, must have {shape}, {dims}")
        if not np.isfinite(values).all():
            raise UserError(f"{where}: {name} hold NaN or infinity, must be finite numbers")
    if made.fed_back is not None and not np.all(np.asarray(made.fed_back) < np.arange(*steps)):
        raise UserError(f"{where}: fed_back names a later step, must name steps before, or -1")


def _dataset(trials: Trials, task) -> xr.Dataset:
    values = {name: getattr(trials, name).astype(np.float32) for name in ("inputs", "targets", "mask")}
    if trials.fed_back is not None:
        values["fed_back"] = trials.fed_back.astype(np.int32)
    return TRIALS.build(values, {"input": list(task.inputs), "output": list(task.outputs)})
