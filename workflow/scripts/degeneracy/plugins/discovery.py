"""Units of code: the tasks, cells, metrics and figures that exist, the options they take, what their code hashes to.

Everything here reads source files and imports none of them, so the workflow learns what it needs without torch.
"""

import ast
import difflib
import hashlib
import importlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = Path(__file__).parent
KINDS = ("tasks", "cells", "metrics", "figures")
ENTRY = {"tasks": "class Task", "cells": "class Cell", "figures": "function draw"}  # what a file must define
TYPES = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}


@dataclass(frozen=True)
class Range:
    """Closed interval of allowed values, either end of which may be open (None), and their unit ("": none)."""

    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Option:
    """One option of a unit: its type, default and allowed values."""

    type: str
    default: Any
    range: Range = Range()
    choices: tuple = ()

    def cast(self, value: Any) -> Any:
        """The value in the option's type: an integer given for a float is that float."""
        return float(value) if self.type == "float" else value

    def check(self, where: str, value: Any) -> None:
        """Raise ValueError, naming `where`, unless `value` is allowed."""
        types = TYPES[self.type]
        if not isinstance(value, types) or (isinstance(value, bool) and self.type != "bool"):
            raise ValueError(f"{where}: given {value!r}, must be of type {self.type}")
        if self.choices and value not in self.choices:
            raise ValueError(f"{where}: given {value!r}{did_you_mean(value, self.choices)}")
        low, high = self.range.minimum, self.range.maximum
        if (low is not None and not value >= low) or (high is not None and not value <= high):
            bounds = f"at least {low}" if high is None else f"at most {high}" if low is None else f"in [{low}, {high}]"
            raise ValueError(f"{where}: given {value!r}, must be {bounds}")


def quoted(word: Any) -> str:
    """A word of a configuration in quotes, on one line whatever it holds."""
    return json.dumps(str(word), ensure_ascii=False)


def did_you_mean(word: Any, allowed) -> str:
    """End of a sentence about an unknown word: the nearest allowed one, then all of them."""
    near = difflib.get_close_matches(str(word), [str(name) for name in allowed], 1, 0.5)
    hint = f'; did you mean "{near[0]}"?' if near else "."
    return f"{hint} Allowed: {', '.join(map(str, sorted(allowed)))}."


def option_of_others(kind: str, name: str, option: str) -> str:
    """End of a sentence about an option that a unit does not have but others of its kind do; "" where none does."""
    others = [other for other in names(kind) if option in options(kind, other)]
    return f": it is an option of {' and '.join(others)}, not of {name}." if others else ""


def names(kind: str) -> list[str]:
    """Names of the units of a kind (`tasks`, `cells`, `metrics`, `figures`): one a file, files with _ left out."""
    return sorted(path.stem for path in (PACKAGE / kind).glob("*.py") if not path.stem.startswith("_"))


def source(kind: str, name: str) -> Path:
    """Source file of a unit. Raises ValueError with the nearest name when there is none."""
    if name not in names(kind):
        raise ValueError(f"unknown {kind[:-1]} {quoted(name)}{did_you_mean(name, names(kind))}")
    return PACKAGE / kind / f"{name}.py"


def load(kind: str, name: str) -> ModuleType:
    """Import a unit."""
    source(kind, name)
    return importlib.import_module(f"degeneracy.{kind}.{name}")


@cache
def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"), str(path))
    except SyntaxError as error:
        raise ValueError(f"{path}, line {error.lineno}: {error.msg}, must be Python") from None


def docstring(kind: str, name: str) -> str:
    """The unit's module docstring."""
    return ast.get_docstring(_tree(source(kind, name))) or ""


def constant(kind: str, name: str, constant_name: str, default: Any = None) -> Any:
    """Value of a literal constant at the top of a unit (`LEVEL = "dynamics"`)."""
    for node in _tree(source(kind, name)).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == constant_name:
            return ast.literal_eval(node.value)
    return default


def functions(kind: str, name: str) -> set[str]:
    """Names of the functions that a unit defines at its top level."""
    return {node.name for node in _tree(source(kind, name)).body if isinstance(node, ast.FunctionDef)}


@cache
def options(kind: str, name: str) -> dict[str, Option]:
    """Options of a unit: the fields of its Task or Cell class, or the keyword-only arguments of its functions."""
    found = {}
    entry = ENTRY.get(kind)
    if entry and entry.split()[1] not in {getattr(node, "name", None) for node in _tree(source(kind, name)).body}:
        raise ValueError(f"{source(kind, name)}: must define the {entry}")
    for node in _tree(source(kind, name)).body:
        if isinstance(node, ast.ClassDef) and node.name in ("Task", "Cell"):
            fields = [field for field in node.body if isinstance(field, ast.AnnAssign)]
            pairs = [(field.target.id, field.annotation, field.value) for field in fields]
        elif isinstance(node, ast.FunctionDef) and node.name in ("value", "features", "distance", "draw"):
            defaults = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            pairs = [(argument.arg, argument.annotation, default) for argument, default in defaults]
        else:
            continue
        for option, annotation, default in pairs:
            try:
                found[option] = _option(annotation, default)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError):
                raise ValueError(
                    f"{source(kind, name)}: option {option} must read like `{option}: int = 3`, "
                    f"`Annotated[float, Range(0, 1)] = 0.5` or `Literal['a', 'b'] = 'a'`, with a plain value"
                ) from None
    return found


def _option(annotation: ast.expr, default: ast.expr) -> Option:
    """Option from `int`, `Annotated[int, Range(1, 9)]` or `Literal["a", "b"]`, and its default."""
    default = ast.literal_eval(default)
    if isinstance(annotation, ast.Name):
        TYPES[annotation.id]  # raises KeyError for a type that options cannot have
        return Option(annotation.id, default)
    arguments = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    if annotation.value.id == "Literal":
        choices = tuple(ast.literal_eval(argument) for argument in arguments)
        return Option(type(choices[0]).__name__, default, choices=choices)
    named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in arguments[1].keywords}
    bounds = Range(*(ast.literal_eval(argument) for argument in arguments[1].args), **named)
    return Option(arguments[0].id, default, bounds)


def resolve_options(kind: str, name: str, given: dict, where: str) -> dict:
    """All options of a unit, given ones over the defaults; unknown or wrong ones raise ValueError naming `where`."""
    known = options(kind, name)
    for key, value in given.items():
        if key not in known:
            hint = option_of_others(kind, name, key) or did_you_mean(key, known)
            raise ValueError(f"{where}: unknown key {quoted(key)}{hint}")
        known[key].check(f"{where}.{key}", value)
    return {key: option.cast(given.get(key, option.default)) for key, option in known.items()}


def code_hash(*sources: Path) -> str:
    """Hash of the code of some source files and of every module of this package that they import.

    Comments, formatting and docstrings do not count. Imports made through `load` are not seen: name those files too.
    """
    closure: set[Path] = set()
    waiting = [Path(path) for path in sources]
    while waiting:
        path = waiting.pop()
        if path not in closure:
            closure.add(path)
            waiting += _imports(path)
    parts = [f"{path.parent.name}/{path.name}\n{_normal_form(path)}" for path in closure]
    return hashlib.sha256("\0".join(sorted(parts)).encode()).hexdigest()[:16]


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Files of this package that a source file imports, the `__init__` of their folders included."""
    modules = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise ValueError(f"{path}: imports must be absolute (from degeneracy…), or a change would go unseen")
        elif isinstance(node, ast.ImportFrom):
            modules |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    files = set()
    for module in modules:
        parts = module.split(".")
        if parts[0] == PACKAGE.name:
            stem = PACKAGE.joinpath(*parts[1:])
            folders = [PACKAGE.joinpath(*parts[1:depth]) for depth in range(1, len(parts) + 1)]
            files |= {folder / "__init__.py" for folder in folders} | {stem.with_suffix(".py")}
    return tuple(file for file in sorted(files) if file.is_file())


@cache
def _normal_form(path: Path) -> str:
    """Source without comments, formatting, docstrings and version numbers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not ast.unparse(node).startswith("__version__ =")]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
