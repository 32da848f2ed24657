"""What the file of each kind of plug-in declares: one table, and one checker of it.

The `__init__` of each kind's folder says what the names mean (a Protocol). The checker reads source files and imports
none of them, so the workflow finds what is missing before anything runs.
"""

import ast
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from degeneracy.errors import UserError
from degeneracy.plugins import discovery
from degeneracy.plugins.discovery import Plugin, names

LEVELS = ("behaviour", "dynamics", "weights", "learning", "representation")  # LEVEL of a metric
# SYMMETRY of a metric, what it does not see: the order of the units, their signs too, or any rotation of the states too
SYMMETRIES = ("permutation", "signed", "rotation")
NEEDED = {  # NEEDS of a metric: what networks that were not trained here may lack, in words
    "weights": "recurrent weights",
    "readout": "a readout",
    "untrained": "parameters before training",
    "inputs": "inputs of the trials",
    "targets": "targets",
    "ood": "trials out of distribution",
    "replicate": "replicate trials",
    "equations": "equations",  # of USES = ("fixed_points",), too
    "free_run": "outputs that predict the next inputs",
}
SCOPES = ("sweep", "metric", "map", "experiment")  # SCOPE of a figure
READABLE = ("networks", "trials", "fixed_points", "metrics", "statistics", "map", "directions")  # READS of a figure
SHAPES = ("grid", "curves")  # SHAPE of a figure that drawing/grid draws from its COLUMNS
MAP = "map"  # in COLUMNS of a figure: the map of the networks
COMPLEXITY = "complexity"  # in FACTORS of a figure: the factors that the file of each task lists as its COMPLEXITY

FLAG, TEXT = {"type": "boolean"}, {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
REQUIRES = {"REQUIRES": {**TEXTS, "examples": [("least <= most",)]}}
MEASURE = ("change of the weights", "1")  # a name and a unit
NAMED = {**TEXTS, "minItems": 2, "maxItems": 2, "examples": [MEASURE]}
ENDS = {"type": "array", "items": {"type": ["number", "null"]}, "minItems": 2, "maxItems": 2, "examples": [(0, None)]}
FACTOR = {**TEXT, "pattern": rf"^({COMPLEXITY}|\w+\.\w+)$", "description": f'like "model.gamma", or "{COMPLEXITY}"'}
COLUMN = {
    **TEXT,
    "pattern": rf"^({'|'.join((*LEVELS, MAP))}|\w+\.\w+)$",
    "description": f'{", ".join(LEVELS)}, {MAP}, or like "dsa.distance"',
}


@dataclass(frozen=True)
class Contract:
    """What a file of a kind defines (one of some groups of names), and the JSON schema of each of its constants."""

    defines: tuple[tuple[str, ...], ...]
    constants: dict[str, dict[str, Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "object", "properties": self.constants, "required": list(self.required)}


CONTRACTS = {
    "tasks": Contract((("class Task",),), REQUIRES | {"COMPLEXITY": TEXTS, "TASKS": TEXTS, "CHECKED_BY_MAKING": FLAG}),
    "cells": Contract(
        (("class Cell",),),
        REQUIRES
        | {
            "PARAMETERS": {"type": "object", "additionalProperties": TEXTS},
            "LINEAR_READOUT": {"type": ["boolean", "object"]},
        },
    ),
    "metrics": Contract(
        (("value(population)",), ("features(population)", "distance(a, b)")),
        REQUIRES
        | {
            "LEVEL": {"enum": list(LEVELS)},
            "MEASURES": {"type": "object", "additionalProperties": NAMED, "examples": [{"value": MEASURE}]},
            "HEADLINE": TEXT,
            "VARIANT_OF": TEXT,
            "RANGE": {"type": "object", "additionalProperties": ENDS},
            "SYMMETRY": {"enum": list(SYMMETRIES)},
            "NO_TRIALS": FLAG,
            "SAME_TRIALS": FLAG,
            "ACROSS_CONDITIONS": FLAG,
            "AMONG_OTHERS": FLAG,
            "USES": {"type": "array", "items": {"enum": ["fixed_points"]}},
            "NEEDS": {"type": "array", "items": {"enum": list(NEEDED)}},
            "ONE_MATRIX": FLAG,
            "GPU": FLAG,
        },
        required=("LEVEL", "MEASURES"),
    ),
    "figures": Contract(
        (("draw(shown)",), ("SHAPE",)),
        REQUIRES
        | {
            "SCOPE": {"enum": list(SCOPES)},
            "READS": {"type": "array", "minItems": 1, "items": {"enum": list(READABLE)}, "examples": [("statistics",)]},
            "METRICS": TEXTS,
            "FACTORS": {"type": "array", "items": FACTOR},
            "TASKS": TEXTS,
            "LEAST_LEVELS": {"type": "integer", "minimum": 1},
            "ONE_A_TASK": FLAG,
            "SNAPSHOTS": FLAG,
            "SHAPE": {"enum": list(SHAPES)},
            "COLUMNS": {"type": "array", "minItems": 1, "items": COLUMN, "examples": [("dynamics", MAP)]},
        },
    ),
}


def check(plugin: Plugin) -> None:
    """Raise UserError with one sentence that names the file and what is missing or wrong in it.

    Of a figure, `figure_contract` checks besides how its constants go together.
    """
    constants = declared(plugin)
    if plugin.kind == "metrics":
        _check_measures(plugin, constants)


def declared(plugin: Plugin) -> dict[str, Any]:
    """The constants of its contract that a file declares. Raises UserError as `check` does."""
    return _declared(plugin, plugin.tree)


@cache
def _declared(plugin: Plugin, tree: ast.Module) -> dict[str, Any]:
    from degeneracy.plugins import validation  # here, so that the names above need the standard library alone

    contract, path, found = CONTRACTS[plugin.kind], plugin.source, {}
    for name in contract.constants:
        try:
            found[name] = plugin.constant(name)
        except ValueError:
            raise UserError(f"{path}: {name} must be a literal") from None
    found = {name: value for name, value in found.items() if value is not None}
    defined = plugin.functions | plugin.classes | found.keys()
    groups = [[name.removeprefix("class ").partition("(")[0] for name in group] for group in contract.defines]
    if not any(defined.issuperset(group) for group in groups):
        raise UserError(f"{path}: must define {' or '.join(map(' and '.join, contract.defines))}")
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and [node.name] in groups and not node.bases:
            wanted = discovery.PACKAGE / plugin.kind / "__init__.py"
            missing = _members(wanted, node.name) - _members_of(node)
            if missing:
                raise UserError(f"{path}: the class {node.name} must define {', '.join(sorted(missing))}")
    validation.check(found, contract.schema, f"{path}: ")
    return found


def _members(path: Path, name: str) -> set[str]:
    """What a class of a source file defines; nothing if there is no such file."""
    classes = discovery.parsed(path).body if path.is_file() else []
    found = [_members_of(node) for node in classes if isinstance(node, ast.ClassDef) and node.name == name]
    return set().union(*found)


def members_of_class(plugin: Plugin, name: str) -> set[str]:
    """What a class of a plug-in's file defines."""
    return _members(plugin.source, name)


def _members_of(node: ast.ClassDef) -> set[str]:
    """Methods, fields and attributes that a class defines."""
    found: set[str] = set()
    for each in node.body:
        if isinstance(each, ast.FunctionDef):
            found.add(each.name)
        elif isinstance(each, ast.AnnAssign | ast.Assign):
            found |= {
                name.id for name in ast.walk(each) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
            }
    return found


def unmet(metric: Plugin, lacking: Collection[str]) -> str:
    """What a metric needs and networks are `lacking` (of NEEDED), as the end of a sentence; "" if it has all."""
    needs = [*metric.constant("NEEDS", ()), *(["equations"] if metric.constant("USES", ()) else [])]
    missing = [NEEDED[word] for word in needs if word in lacking]
    return f"needs {' and '.join(missing)}, which these networks lack" if missing else ""


def _check_measures(plugin: Plugin, constants: dict[str, Any]) -> None:
    """MEASURES names what the functions of a metric return, RANGE some of these, and HEADLINE is one an aspect."""
    from degeneracy.plugins import validation

    path, measures, aspect = plugin.source, constants["MEASURES"], constants["LEVEL"]
    measure = "distance" if {"features", "distance"} <= plugin.functions else "value"
    validation.check(measures, {"required": [measure]}, f"{path}: MEASURES")
    known = {"properties": {name: {} for name in measures}, "additionalProperties": False}
    validation.check(constants.get("RANGE", {}), known, f"{path}: RANGE")
    headline, _ = headlines().get(aspect, (plugin.name, ""))
    if "HEADLINE" in constants and headline != plugin.name:
        raise UserError(f"{path}: HEADLINE: {headline} is the headline of {aspect} already")


def headlines() -> dict[str, tuple[str, str]]:
    """The metric and the measure that stand for an aspect wherever one is shown, by aspect.

    The file of the metric names the measure as its HEADLINE; an aspect without such a metric is left out.
    """
    found = {}
    for name in reversed(names("metrics")):
        with suppress(ValueError):  # a half-written file, which is told where the metric is used
            plugin = Plugin("metrics", name)
            if headline := plugin.constant("HEADLINE"):
                found[plugin.constant("LEVEL")] = (name, headline)
    return found
