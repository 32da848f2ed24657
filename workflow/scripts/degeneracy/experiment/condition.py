"""A condition is a nested dict (sections `task`, `model`, `training`, `trials`); this is how the rest reads it."""

import json
from dataclasses import dataclass

from degeneracy.errors import UserError


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
        raise UserError(f"factor: given {factor}, must be a section and a key of the condition, such as task.channels")
    return condition[section][key]


@dataclass(frozen=True)
class Condition:
    """One fully resolved choice of task, model, training and trials, and the names its artifacts go by."""

    task: str
    name: str
    trial_set: str
    spec_json: str  # a string, so that a condition is hashable and its change is seen by comparing text

    @property
    def spec(self) -> dict:
        return json.loads(self.spec_json)

    @property
    def trials_json(self) -> str:
        """The part of the condition that decides its trials."""
        return dumps(trial_part(self.spec))
