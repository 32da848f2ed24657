"""Whether the options of training and trials go with one another, with the task and with the cell."""

from collections.abc import Iterator

from degeneracy.errors import UserError
from degeneracy.experiment.validation import defaults_of
from degeneracy.plugins.contracts import members_of_class
from degeneracy.plugins.discovery import cell_of, make_task, task_of

IDLE = {  # section and key of an option: the option beside it, and the value of that one without which it does nothing
    ("trials", "ood_noise"): ("ood_kind", "noise"),
    ("training", "momentum"): ("optimiser", "sgd"),
    ("training", "weight_decay"): ("optimiser", "adamw"),
}


def misfits(spec: dict, schema: dict) -> Iterator[tuple[str, str, str]]:
    """Section, key and reason of each option of a condition that does not go with the others."""
    for (section, key), (other, needed) in IDLE.items():
        given, chosen = spec[section][key], spec[section][other]
        if chosen != needed and given != defaults_of(schema, section)[key]:
            yield section, key, f'given {given}, but {section}.{other} is "{chosen}", must be "{needed}"'
    training, cell = spec["training"], cell_of(spec)
    if training["optimiser"] == "sgd" and "learning_rate_scale" in members_of_class(cell, "Cell"):
        yield "training", "optimiser", f"given sgd, but the cell {cell.name} scales its learning rate for adam"
    linear = cell.constant("LINEAR_READOUT", False)
    if isinstance(linear, dict):
        linear = all(spec["model"][option] == value for option, value in linear.items())
    if training["teacher_forcing"] and not linear:
        reason = f"given {training['teacher_forcing']}, but the readout of the cell {cell.name} cannot be inverted"
        yield "training", "teacher_forcing", f"{reason}, must be 0"
    yield from _misfits_of_task(spec)


def _misfits_of_task(spec: dict) -> Iterator[tuple[str, str, str]]:
    """What only the task itself can tell. It is made, which loads NumPy, only if there is something to ask it."""
    training, plugin = spec["training"], task_of(spec)
    categorical, forced = training["loss"] == "cross_entropy", training["teacher_forcing"]
    if not (categorical or forced or plugin.constant("CHECKED_BY_MAKING", False)):
        return
    try:
        task = make_task(spec)
    except UserError as error:
        option, _, reason = str(error).partition(": ")
        yield "task", option, reason
        return
    if categorical and not getattr(task, "categorical", False):
        reason = f"given cross_entropy, but the targets of {plugin.name} are no categories, must be mse"
        yield "training", "loss", reason
    if forced and not getattr(task, "autonomous", False):
        reason = f"given {forced}, but {plugin.name} has no state to force, must be 0"
        yield "training", "teacher_forcing", reason
