"""Options of a plug-in: their types, defaults and allowed values, read from its source and checked."""

import ast
import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from degeneracy.errors import UserError

TYPES = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}


@dataclass(frozen=True)
class Range:
    """Closed interval of allowed values, either end of which may be open (None), and their unit ("": none)."""

    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Option:
    """One option of a plug-in: its type, default and allowed values."""

    type: str
    default: Any
    range: Range = Range()
    choices: tuple = ()

    def cast(self, value: Any) -> Any:
        """The value in the option's type: an integer given for a float is that float."""
        return float(value) if self.type == "float" else value

    def check(self, where: str, value: Any) -> None:
        """Raise UserError, naming `where`, unless `value` is allowed."""
        types = TYPES[self.type]
        if not isinstance(value, types) or (isinstance(value, bool) and self.type != "bool"):
            raise UserError(f"{where}: given {value!r}, must be of type {self.type}")
        if self.choices and value not in self.choices:
            raise UserError(f"{where}: given {value!r}{did_you_mean(value, self.choices)}")
        low, high = self.range.minimum, self.range.maximum
        if (low is not None and not value >= low) or (high is not None and not value <= high):
            bounds = f"at least {low}" if high is None else f"at most {high}" if low is None else f"in [{low}, {high}]"
            raise UserError(f"{where}: given {value!r}, must be {bounds}")


def quoted(word: Any) -> str:
    """A word of a configuration in quotes, on one line whatever it holds."""
    return json.dumps(str(word), ensure_ascii=False)


def did_you_mean(word: Any, allowed) -> str:
    """End of a sentence about an unknown word: the nearest allowed one, then all of them."""
    near = difflib.get_close_matches(str(word), [str(name) for name in allowed], 1, 0.5)
    hint = f'; did you mean "{near[0]}"?' if near else "."
    return f"{hint} Allowed: {', '.join(map(str, sorted(allowed)))}."


def options_in(tree: ast.Module, path: Path) -> dict[str, Option]:
    """Options that a source file declares: fields of a class Task or Cell, or keyword-only arguments of functions."""
    found = {}
    for node in tree.body:
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
                raise UserError(
                    f"{path}: option {option} must read like `{option}: int = 3`, "
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
