"""Whether the artifacts that a stage joins belong together; if not, a sentence names the file at fault.

`files` gives the attributes of each file by its path. What an artifact does not say is not compared.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from degeneracy.artifacts.origin import Inputs, contents_of
from degeneracy.errors import UserError
from degeneracy.experiment.condition import dumps

Files = Mapping[str, Mapping[str, Any]]
SHOWN = 3  # differences in a sentence


def of_condition(files: Files, wanted: dict) -> None:
    """Raise UserError unless all files are of a condition, or of those sections of it that are given."""
    for path, attributes in files.items():
        made = json.loads(attributes["condition"])
        wrong = [
            f"{section}.{key} is {_said(made.get(section, {}), key)}, must be {_said(options, key)}"
            for section, options in wanted.items()
            for key in sorted(options.keys() | made.get(section, {}).keys())
            if _said(made.get(section, {}), key) != _said(options, key)
        ]
        if wrong:
            more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
            raise UserError(f"{path}: {_kind(attributes)} of another condition: {'; '.join(wrong[:SHOWN])}{more}")


def in_order(files: Files, conditions: Sequence[dict]) -> None:
    """The same for several conditions, each with as many files, in their order."""
    if not conditions or len(files) % len(conditions):
        given = f"{len(files)} files ({next(iter(files), 'none')}, …) for {len(conditions)} conditions"
        raise UserError(f"given {given}, must be as many for each")
    each = len(files) // len(conditions)
    for index, (path, attributes) in enumerate(files.items()):
        of_condition({path: attributes}, conditions[index // each])


def of_sweep(files: Files, factor: str) -> None:
    """Raise UserError unless the conditions of all files are the same apart from a factor, such as task.channels."""
    section, key = factor.split(".")

    def base(condition: dict) -> dict:
        options = condition.get(section, {})
        other = factor in ("model.cell", "networks.group")  # another cell has other options, another group other files
        kept = {} if other else {name: options[name] for name in options.keys() - {key}}
        return condition | {section: kept}

    bases = {path: dumps(base(json.loads(attributes["condition"]))) for path, attributes in files.items()}
    for path, found in bases.items():
        if found != (usual := _usual(bases.values())):
            of_condition({path: {**files[path], "condition": found}}, json.loads(usual))


def have(files: Files, **wanted: str) -> None:
    """Raise UserError unless all files have these values of attributes, such as `metric`."""
    for path, attributes in files.items():
        for name, value in wanted.items():
            if attributes.get(name, value) != value:
                raise UserError(f"{path}: {_kind(attributes)} with {name} {attributes[name]}, must be {value}")


def alike(files: Files, *names: str) -> None:
    """Raise UserError, naming the file that differs from most, unless all have the same values of attributes."""
    for name in names:
        if found := [attributes[name] for attributes in files.values() if name in attributes]:
            have(files, **{name: _usual(found)})


def made_from(files: Files, given: Inputs, whole: bool = False) -> None:
    """Raise UserError unless files were made from artifacts that are given, by their contents.

    A file may be made from more or fewer of a kind than are given, but if `whole` from exactly these.
    """
    for path, attributes in files.items():
        for kind, contents in json.loads(attributes.get("inputs", "{}")).items():
            made, known = set(contents), set(given.get(kind, contents))
            if made != known if whole else not (made <= known or known <= made):
                name = kind.split("/")[0].replace("_", " ")
                raise UserError(f"{path}: {_kind(attributes)} that was made from other {name} than those given")


def same(path: str, attributes: Mapping[str, Any], given: Inputs) -> None:
    """Raise UserError if a file has other contents than were given when it was first looked at."""
    for kind, content in contents_of(attributes).items():
        if content not in given.get(kind, [content]):
            raise UserError(f"{path}: has changed since this job began to read it; run snakemake again")


def _usual(values) -> Any:
    return Counter(values).most_common(1)[0][0]


def _said(options: dict, key: str) -> str:
    return dumps(options[key]) if key in options else "missing"


def _kind(attributes: Mapping[str, Any]) -> str:
    return f"{attributes['artifact'].replace('_', ' ')} artifact"
