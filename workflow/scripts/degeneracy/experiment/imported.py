"""Sweeps whose levels are files: networks or activity from elsewhere, by the content of each file."""

import glob
import hashlib
import json
from pathlib import Path
from typing import Any

from degeneracy.errors import UserError
from degeneracy.experiment.chosen import known
from degeneracy.experiment.condition import RECORDED, dumps
from degeneracy.experiment.validation import CONFIG
from degeneracy.plugins.options import quoted

FACTOR = "networks.group"  # that such a sweep varies
KINDS = ("networks", "activity")
ENDINGS = {"networks": (".pt", ".pth", ".npz", ".nc"), "activity": (".pt", ".pth", ".npz", ".nc")}
TRAINED = ("task", "factor", "levels")  # keys of a sweep that trains its networks


def is_imported(sweep: dict) -> bool:
    """Whether the levels of a sweep are files."""
    return any(kind in sweep for kind in KINDS)


def check(name: str, sweep: dict) -> None:
    """Raise UserError unless a sweep has the keys of one that trains networks, or of one that imports them."""
    where = f"{CONFIG}sweeps.{name}"
    if not is_imported(sweep):
        missing = [key for key in TRAINED if key not in sweep]
        wrong = [key for key in ("cell", "trials") if key in sweep]
        if missing:
            raise UserError(f"{where}: {missing[0]} is missing (or networks or activity, whose levels are files)")
        if wrong:
            raise UserError(f"{where}: given {wrong[0]}, which goes with networks or activity, whose levels are files")
        return
    kind = next(kind for kind in KINDS if kind in sweep)
    allowed = {"networks": {"networks", "cell", "trials", "task", "base"}, "activity": {"activity", "trials"}}[kind]
    if wrong := sorted(sweep.keys() - allowed):
        raise UserError(
            f"{where}: given {wrong[0]}, which does not go with {kind}; it takes {', '.join(sorted(allowed))}"
        )
    if kind == "networks" and "cell" not in sweep:
        raise UserError(f"{where}: cell is missing, must be the cell of the networks, such as gru")
    if kind == "networks" and ("task" in sweep) == ("trials" in sweep):
        raise UserError(f"{where}: must have either task or trials, on which the networks are compared")
    if set(sweep.get("base", {})) - ({"task", "trials", "model"} if "task" in sweep else {"model"}):
        raise UserError(
            f"{where}.base: given {', '.join(sweep['base'])}, must be of task, trials (with task) and model"
        )


def groups(name: str, sweep: dict) -> dict[Any, dict[str, str]]:
    """The files of each level, by path, as hashes of their contents. Raises UserError where there are none."""
    kind = next(kind for kind in KINDS if kind in sweep)
    found: dict[Any, dict[str, str]] = {}
    for level, pattern in sweep[kind].items():
        where = f"{CONFIG}sweeps.{name}.{kind}.{level}"
        paths = sorted(path for path in glob.glob(pattern, recursive=True) if Path(path).is_file())
        if not paths:
            raise UserError(
                f"{where}: given {quoted(pattern)}, which is no file here, must be files such as data/*.npz"
            )
        for path in paths:
            if not path.endswith(ENDINGS[kind]):
                raise UserError(f"{where}: given {path}, must end in {', '.join(ENDINGS[kind])}")
        found[_value(level)] = {path: content_of(path) for path in paths}
    return found


def trials(name: str, sweep: dict) -> dict[str, Any]:
    """The section `task` of trials from a file, or of none."""
    path = sweep.get("trials", "")
    if path and not (Path(path).is_file() and path.endswith((".npz", ".nc"))):
        raise UserError(f"{CONFIG}sweeps.{name}.trials: given {quoted(path)}, must be a file, .npz or .nc")
    return {"name": RECORDED, "file": path, "content": content_of(path) if path else ""}


def model(name: str, sweep: dict) -> dict[str, Any]:
    """The section `model` of networks from files, whose width the files say; nothing for activity."""
    if "cell" not in sweep:
        return {}
    where = f"{CONFIG}sweeps.{name}"
    cell = known(f"{where}.cell", "cells", sweep["cell"])
    options = sweep.get("base", {}).get("model", {})
    cell.check(options, f"{where}.base.model")
    if "width" in options:
        raise UserError(f"{where}.base.model.width: given {options['width']}, must be left out: the files say it")
    return {"cell": cell.name} | {key: value for key, value in cell.complete(options, where).items() if key != "width"}


def content_of(path: str) -> str:
    """Hash of the content of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def name_of(networks: dict) -> str:
    """What the name of a condition says of networks from files: their level, and a hash of what they are."""
    return f"networks-{networks['group']}-{hashlib.sha256(dumps(networks).encode()).hexdigest()[:8]}"


def _value(level: Any) -> Any:
    """A level as a number, if it is one, or as text: the keys of a mapping are texts on a cluster, and numbers here."""
    try:
        number = json.loads(str(level))
    except json.JSONDecodeError:
        return str(level)
    return number if isinstance(number, int | float) else str(level)
