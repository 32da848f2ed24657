"""What must hold between options: the comparisons that a file states, REQUIRES = ("rank <= delays * state_size",)."""

import ast
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from degeneracy.errors import UserError
from degeneracy.plugins.discovery import Plugin

OPERATORS = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


@dataclass(frozen=True)
class Requirement:
    """A comparison of options; an option of another section goes by section and key (`trials.probe`)."""

    text: str
    names: tuple[str, ...]  # of its options
    tree: ast.Compare

    def broken(self, values: Mapping[str, Any]) -> str:
        """What is wrong with some values of options, as the end of a sentence; "" if it holds or one is not known."""
        if not values.keys() >= set(self.names) or _value(self.tree, values):
            return ""
        given = [f"{name} = {values[name]}" for name in self.names]
        return f"given {', '.join(given[:-1])} and {given[-1]}, must have {self.text}"


def requirements(plugin: Plugin) -> list[Requirement]:
    """What the file of a plug-in requires. Raises UserError, naming the file, for what is no comparison of options."""
    return [_parsed(text, plugin) for text in plugin.constant("REQUIRES", ())]


def _parsed(text: str, plugin: Plugin) -> Requirement:
    try:
        tree = ast.parse(text, mode="eval").body
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)]
        inside = {node.value for node in nodes if isinstance(node, ast.Attribute)}
        in_order = sorted(set(nodes) - inside, key=lambda node: node.col_offset)
        names = tuple(dict.fromkeys(map(ast.unparse, in_order)))
        _value(tree, dict.fromkeys(names, 0))
        if isinstance(tree, ast.Compare) and len(names) > 1:
            return Requirement(text, names, tree)
    except (KeyError, SyntaxError):
        pass
    raise UserError(f'{plugin.source}: REQUIRES: given "{text}", must compare options, such as "least <= 2 * most"')


def _value(node: ast.AST, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]) | ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](_value(left, values), _value(right, values))
        case ast.Constant(value=int() | float() as number):
            return number
    return values[ast.unparse(node)]
