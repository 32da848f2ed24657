"""A condition is a nested dict (sections `task`, `model`, `training`, `trials`); this is how the rest reads it."""

import json

from degeneracy import units


def dumps(value) -> str:
    """Canonical JSON: sorted keys, no surprises between runs."""
    return json.dumps(value, sort_keys=True)


def trial_part(condition: dict) -> dict:
    """The sections of a condition that decide its trials."""
    return {"task": condition["task"], "trials": condition["trials"]}


def level_of(condition: dict, factor: str):
    """Value of a factor (`task.channels`) in a condition."""
    section, _, key = factor.partition(".")
    if key not in condition.get(section, {}):
        raise ValueError(f"factor: given {factor}, must be a section and a key of the condition, such as task.channels")
    return condition[section][key]


def make_task(condition: dict):
    """The Task object of a condition."""
    options = {key: value for key, value in condition["task"].items() if key != "name"}
    return units.load("tasks", condition["task"]["name"]).Task(**options)


def make_cell(condition: dict):
    """The Cell object of a condition."""
    options = {key: value for key, value in condition["model"].items() if key != "cell"}
    return units.load("cells", condition["model"]["cell"]).Cell(**options)
