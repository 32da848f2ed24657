"""A condition is a nested dict (sections `task`, `model`, `training`, `trials`); this is how the rest reads it."""

import json
from dataclasses import dataclass

from degeneracy.errors import UserError

RECORDED = "recorded"  # the task of trials from a file, or of none


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


def lacking(spec: dict) -> set[str]:
    """What is not known of the networks of a condition (of `plugins.contracts.NEEDED`)."""
    missing = set() if "horizon" in spec["task"] else {"free_run"}  # see `tasks.PredictionTask`
    if "networks" not in spec:
        return missing
    missing |= {"untrained"}
    if not spec["model"]:
        missing |= {"weights", "readout", "equations"}
    if spec["task"].get("name", RECORDED) == RECORDED:
        missing |= {"readout", "targets", "ood", "replicate"} | (set() if spec["task"].get("file") else {"inputs"})
    return missing


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
    def files(self) -> list[str]:
        """The files that its networks come from; none if they are trained."""
        return [*self.spec.get("networks", {}).get("files", ())]

    @property
    def trials_json(self) -> str:
        """The part of the condition that decides its trials."""
        return dumps(trial_part(self.spec))
