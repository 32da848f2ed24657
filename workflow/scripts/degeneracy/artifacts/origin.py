"""What an artifact was made from: the options and the code of its stage, and the contents of its inputs."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from degeneracy.experiment.condition import dumps

Inputs = Mapping[str, list[str]]  # kind of artifact: contents; of one with groups `kind/group`


def origin(options: dict, code: str, *inputs: Inputs) -> dict[str, str]:
    """The attributes that say what an artifact was made from: `options` and `inputs` (JSON), and `code`, a hash."""
    return {"options": dumps(options), "code": code, "inputs": dumps(merged(*inputs))}


def merged(*inputs: Inputs) -> dict[str, list[str]]:
    """All of the inputs, each content once."""
    found: dict[str, set[str]] = {}
    for one in inputs:
        for kind, each in one.items():
            found.setdefault(kind, set()).update(each)
    return {kind: sorted(each) for kind, each in found.items()}


def contents(artifacts: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The contents of artifacts by kind, from the attributes of each; those of a file with groups by kind and group."""
    found: dict[str, list[str]] = {}
    for attributes in artifacts:
        for kind, content in contents_of(attributes).items():
            found.setdefault(kind, []).append(content)
    return found


def contents_of(attributes: Mapping[str, Any]) -> dict[str, str]:
    """The content of one artifact by kind, or by kind and group."""
    kind, content = attributes["artifact"], attributes["content"]
    if not content.startswith("{"):
        return {kind: content}
    return {f"{kind}/{group}": each for group, each in json.loads(content).items()}
