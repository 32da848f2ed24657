"""Options of a plug-in: their types, defaults and allowed values, read from its source."""

import ast
import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from degeneracy.errors import UserError

TYPES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean"}  # of Python: of JSON
CLASSES, FUNCTIONS = ("Task", "Cell", "Options"), ("value", "features", "distance", "draw")  # that have options


@dataclass(frozen=True)
class Range:
    """Closed interval of allowed values, either end of which may be open (None), and their unit ("": none)."""

    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Option:
    """One option of a plug-in: its type, default and allowed values."""

    type: str  # one of TYPES
    default: Any
    range: Range = Range()
    choices: tuple = ()

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of its values."""
        bounds = {"minimum": self.range.minimum, "maximum": self.range.maximum}
        given = {name: bound for name, bound in bounds.items() if bound is not None}
        return {"type": TYPES[self.type], **given, **({"enum": list(self.choices)} if self.choices else {})}


def quoted(word: Any) -> str:
    """A word of a configuration in quotes, on one line whatever it holds."""
    return json.dumps(str(word), ensure_ascii=False)


def did_you_mean(word: Any, allowed: Iterable) -> str:
    """End of a sentence about an unknown word: the nearest allowed one, then all of them."""
    known = sorted(map(str, allowed))
    if not known:
        return ". There are none to choose from."
    near = difflib.get_close_matches(str(word), known, 1, 0.5)
    hint = f'; did you mean "{near[0]}"?' if near else "."
    return f"{hint} Allowed: {', '.join(known)}."


@cache
def options_in(tree: ast.Module, path: Path) -> dict[str, Option]:
    """Options that a source file declares: fields of one of CLASSES, or keyword-only arguments of FUNCTIONS.

    A file may import its class Options from a helper beside it.
    """
    found = {}
    for name, annotation, default in _declared(tree, path):
        try:
            found[name] = _option(annotation, ast.literal_eval(default or ""))
        except (KeyError, TypeError, ValueError, SyntaxError):
            raise UserError(
                f"{path}: option {name} must read like `{name}: int = 3`, "
                f"`Annotated[float, Range(0, 1)] = 0.5` or `Literal['a', 'b'] = 'a'`, with a plain value"
            ) from None
    return found


def _declared(tree: ast.Module, path: Path) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
    """Name, annotation and default of each option of a file."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and "Options" in [alias.name for alias in node.names]:
            helper = path.with_name(f"{str(node.module).rpartition('.')[2]}.py")
            there = ast.parse(helper.read_text(encoding="utf-8")).body
            shared = [each for each in there if isinstance(each, ast.ClassDef) and each.name == "Options"]
            yield from _declared(ast.Module(list(shared), []), helper)
        elif isinstance(node, ast.ClassDef) and node.name in CLASSES:
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    yield field.target.id, field.annotation, field.value
        elif isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS:
            for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
                yield argument.arg, argument.annotation, default


def _option(annotation: ast.expr | None, default: Any) -> Option:
    """Option from `int`, `Annotated[int, Range(1, 9)]` or `Literal["a", "b"]`, and its default."""
    match annotation:
        case ast.Name(id=name) if name in TYPES:
            return Option(name, default)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=words):
            choices = tuple(map(ast.literal_eval, words.elts if isinstance(words, ast.Tuple) else [words]))
            return Option(type(choices[0]).__name__, default, choices=choices)
        case ast.Subscript(
            value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[ast.Name(id=name), ast.Call() as bounds])
        ) if name in TYPES:
            named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in bounds.keywords}
            return Option(name, default, Range(*map(ast.literal_eval, bounds.args), **named))
    raise TypeError("no option")
