"""Source code without what is for people alone, as text that is the same in every version of Python.

It leaves out

- comments, formatting and docstrings;
- the types of variables, and those of the arguments of undecorated functions (the fields of a class keep theirs);
- what an exception is raised with; its type counts;
- statements that call one of REPORTING or a method of REPORTERS, and arguments named `help`.

This assumes that no result depends on the text of an error or of a log line, or on an effect of computing that text.
"""

import ast
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from degeneracy.plugins.discovery import parsed

REPORTING = ("print", "report")  # functions that write a line of a log
REPORTERS = ("logger", "logging", "warnings")  # objects and modules whose functions do


class Statement(NamedTuple):
    """A statement at the top level of a file: what it gives a name to ("" if it does something else), and its code."""

    name: str
    place: int  # among the statements of its file with the same name
    form: str
    mentions: frozenset[str]


@cache
def statements(path: Path) -> tuple[Statement, ...]:
    """The statements of a file that are more than words; an import of several names is one statement a name."""
    found: list[Statement] = []
    for statement in parsed(path).body:
        parts = [statement]
        if isinstance(statement, ast.ImportFrom):
            parts = [ast.ImportFrom(statement.module, [alias], statement.level) for alias in statement.names]
        for node in parts:
            if not _is_words(node):
                name, mentions = _name(node), set[str]()
                place = sum(each.name == name for each in found)
                found.append(Statement(name, place, _form(node, mentions), frozenset(mentions)))
    return tuple(found)


def _name(node: ast.stmt) -> str:
    """What a statement does nothing but define; "" if there is no such thing."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.ImportFrom):
        return node.names[0].asname or node.names[0].name
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    named = [target.id for target in targets if isinstance(target, ast.Name)]
    return named[0] if named and len(targets) == 1 else ""


def _is_words(node: object) -> bool:
    """Whether a statement is for people alone: a docstring, a call that reports, or the type of a variable."""
    if isinstance(node, ast.AnnAssign):
        return node.value is None
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Constant):
        return True
    function = node.value.func if isinstance(node.value, ast.Call) else None
    if isinstance(function, ast.Attribute):
        return isinstance(function.value, ast.Name) and function.value.id in REPORTERS
    return isinstance(function, ast.Name) and function.id in REPORTING


def _form(node: object, mentions: set[str]) -> str:
    """A syntax tree as text, the same in every version of Python; adds the names in it to `mentions`."""
    if isinstance(node, list):
        return f"[{','.join(_form(each, mentions) for each in node if not _is_words(each))}]"
    if not isinstance(node, ast.AST):
        return ascii(node)
    if isinstance(node, ast.AnnAssign):
        node = ast.Assign([node.target], node.value or ast.Constant(None))
    mentions |= _names_in(node)
    # a field that some versions lack is empty in the others
    fields = {name: value for name, value in _fields(node).items() if value is not None and value != []}
    return f"{type(node).__name__}({','.join(f'{name}={_form(value, mentions)}' for name, value in fields.items())})"


def _names_in(node: ast.AST) -> set[str]:
    """The name that a node itself mentions, if any."""
    name = {ast.Name: "id", ast.Attribute: "attr", ast.alias: "name", ast.Constant: "value"}.get(type(node))
    word = getattr(node, name) if name else None
    return {word} if isinstance(word, str) else set()


def _fields(node: ast.AST) -> dict[str, object]:
    """The fields of a node that count."""
    fields: dict[str, object] = dict(ast.iter_fields(node))
    if isinstance(node, ast.Constant):
        return {"value": node.value}  # without the u of u""
    if isinstance(node, ast.Raise):
        return {"exc": node.exc.func if isinstance(node.exc, ast.Call) else node.exc}
    if isinstance(node, ast.Call):
        return fields | {"keywords": [keyword for keyword in node.keywords if keyword.arg != "help"]}
    if isinstance(node, ast.JoinedStr):
        return {"values": _joined(node.values)}
    if isinstance(node, ast.ClassDef):  # annotations make the fields of a dataclass
        body = [[*ast.iter_child_nodes(each)] if isinstance(each, ast.AnnAssign) else each for each in node.body]
        return fields | {"body": body}
    if isinstance(node, ast.FunctionDef) and not node.decorator_list:
        return fields | {"returns": None, "args": _without_types(node.args)}
    return fields


def _joined(parts: list[ast.expr]) -> list[object]:
    """The parts of an f-string, neighbouring texts as one: versions of Python split them differently."""
    joined: list[object] = []
    for text, group in groupby(parts, lambda part: isinstance(part, ast.Constant)):
        some = list(group)
        joined += ["".join(str(part.value) for part in some if isinstance(part, ast.Constant))] if text else some
    return [part for part in joined if part != ""]


def _without_types(arguments: ast.arguments) -> list[object]:
    """The arguments of a function: their names and defaults."""
    kinds = (arguments.posonlyargs, arguments.args, arguments.kwonlyargs, [arguments.vararg], [arguments.kwarg])
    names = [[each.arg for each in kind if each] for kind in kinds]
    return [names, arguments.defaults, arguments.kw_defaults]
