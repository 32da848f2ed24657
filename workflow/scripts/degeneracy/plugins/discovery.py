"""Plug-ins: the tasks, cells, metrics and figures that exist, one a file, and what their files say of them.

Everything but `load` reads source files and imports none of them, so the workflow learns what it needs without torch.
"""

import ast
import gc
import importlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from degeneracy.errors import UserError
from degeneracy.plugins import sources
from degeneracy.plugins.options import Option, did_you_mean, options_in, quoted

PACKAGE = Path(__file__).parents[1]
KINDS = ("tasks", "cells", "metrics", "figures")


NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # of a plug-in or of a file of rules: it is part of paths and commands
NAMED = 'must have a name of letters, digits and "_" that begins with a letter'


def files(folder: Path, ending: str) -> list[Path]:
    """Files of a folder that are there to be found: those with a valid NAME, whatever editors leave beside them."""
    return sorted(path for path in folder.glob(f"*{ending}") if NAME.fullmatch(path.stem))


def ignored(folder: Path, ending: str) -> list[Path]:
    """Files of a folder that someone may miss: those whose name is not valid, but for hidden ones and _helpers."""
    others = set(folder.glob(f"*{ending}")) - set(files(folder, ending))
    return sorted(path for path in others if path.name[0] not in "._")


def all_ignored(rules: Path) -> list[Path]:
    """Such files among the plug-ins, and among the rules in a folder."""
    return [path for kind in KINDS for path in ignored(PACKAGE / kind, ".py")] + ignored(rules, ".smk")


def names(kind: str) -> list[str]:
    """Names of the plug-ins of a kind (one of KINDS), one a file."""
    return [path.stem for path in files(PACKAGE / kind, ".py")]


@cache
def parsed(path: Path) -> ast.Module:
    """Syntax tree of a source file. Raises UserError, naming the file and the line, if it is not Python."""
    try:
        return ast.parse(sources.text(path), str(path))
    except SyntaxError as error:
        raise UserError(f"{path}, line {error.lineno}: {error.msg}, must be Python") from None
    except (OSError, ValueError) as error:  # a link that leads nowhere; bytes that are no text
        raise UserError(f"{path}: cannot be read ({error}), must be Python in UTF-8") from None


@dataclass(frozen=True)
class Plugin:
    """A plug-in by its kind and name. What asks for its file raises UserError if there is none."""

    kind: str  # one of KINDS
    name: str

    @property
    def _path(self) -> Path:
        return PACKAGE / self.kind / f"{self.name}.py"

    @property
    def missing(self) -> str:
        """Sentence that there is no such plug-in, with the nearest name; "" if there is one."""
        if self.name == self._path.stem and self._path.is_file():
            if NAME.fullmatch(self.name):
                return ""
            if not self.name.startswith("_"):
                return f"{self._path}: {NAMED}"
        return f"unknown {self.kind[:-1]} {quoted(self.name)}{did_you_mean(self.name, names(self.kind))}"

    @property
    def source(self) -> Path:
        """Source file. Raises UserError with the nearest name when there is none."""
        if self.missing:
            raise UserError(self.missing)
        return self._path

    @property
    def tree(self) -> ast.Module:
        return parsed(self.source)

    @property
    def docstring(self) -> str:
        """The module docstring."""
        return ast.get_docstring(self.tree) or ""

    @property
    def functions(self) -> set[str]:
        """Names of the functions that the file defines at its top level."""
        return {node.name for node in self.tree.body if isinstance(node, ast.FunctionDef)}

    @property
    def classes(self) -> set[str]:
        """Names of the classes that the file defines at its top level."""
        return {node.name for node in self.tree.body if isinstance(node, ast.ClassDef)}

    def constant(self, name: str, default: Any = None) -> Any:
        """Value of a literal constant at the top of the file (`LEVEL = "dynamics"`)."""
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name:
                return ast.literal_eval(node.value)
        return default

    @property
    def options(self) -> dict[str, Option]:
        """Options: the fields of its Task or Cell class, or the keyword-only arguments of its functions."""
        return options_in(self.tree, self.source)

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of its options."""
        properties = {name: option.schema for name, option in self.options.items()}
        return {"type": "object", "additionalProperties": False, "properties": properties}

    def check(self, given: dict, where: str) -> None:
        """Raise UserError, naming `where` (see `validation.check`), if an option is unknown or its value is wrong."""
        from degeneracy.plugins import validation  # here, so that all else needs the standard library alone

        for key in given:
            if hint := self.option_of_others(key):
                raise UserError(f"{where}: unknown key {quoted(key)}{hint}")
        validation.check(given, self.schema, where)

    def complete(self, given: dict, where: str) -> dict[str, Any]:
        """All options: the given ones, checked, and the defaults of the others, each in the type of the option."""
        from degeneracy.plugins import validation

        self.check(given, where)
        defaults = {name: option.default for name, option in self.options.items()}
        return validation.cast(defaults | given, self.schema, {})

    def option_of_others(self, option: str) -> str:
        """End of a sentence about an option that this plug-in lacks and others of its kind have; "" if none does."""
        if option in self.options:
            return ""
        others = [other for other in names(self.kind) if option in Plugin(self.kind, other)._options_if_sound]
        return f": it is an option of {' and '.join(others)}, not of {self.name}." if others else ""

    @property
    def _options_if_sound(self) -> dict[str, Option]:
        """Its options; none if its file is half-written, which is told where the plug-in is used."""
        try:
            return self.options
        except UserError:
            return {}

    def load(self) -> ModuleType:
        """Import it."""
        collects = gc.isenabled()
        gc.disable()  # while libraries load, the search for garbage finds nothing
        try:
            return importlib.import_module(f"degeneracy.{self.kind}.{self.source.stem}")
        finally:
            if collects:
                gc.enable()


def task_of(condition: dict) -> Plugin:
    """The task that a condition names."""
    return Plugin("tasks", condition["task"]["name"])


def tasks_of(condition: dict) -> list[Plugin]:
    """The task that a condition names, and the tasks that options of it name (its TASKS)."""
    task = task_of(condition)
    return [task, *(Plugin("tasks", condition["task"][option]) for option in task.constant("TASKS", ()))]


def cell_of(condition: dict) -> Plugin:
    """The cell that a condition names."""
    return Plugin("cells", condition["model"]["cell"])


def cells_of(condition: dict) -> list[Plugin]:
    """The same as a list, which is empty for recorded activity."""
    return [cell_of(condition)] if "cell" in condition["model"] else []


def make_task(condition: dict):
    """The Task object of a condition."""
    options = {key: value for key, value in condition["task"].items() if key != "name"}
    return task_of(condition).load().Task(**options)


def make_cell(condition: dict):
    """The Cell object of a condition."""
    options = {key: value for key, value in condition["model"].items() if key != "cell"}
    return cell_of(condition).load().Cell(**options)
