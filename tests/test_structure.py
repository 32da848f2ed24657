"""The rules of the house, read from its imports."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from conftest import SCRIPTS
from degeneracy.plugins import code_hash
from degeneracy.plugins.discovery import KINDS, PACKAGE, names

FILES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> list[tuple[str, str]]:
    """Module and name of everything of the package that a file imports anywhere; the name is "" for a module."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.module, alias.name) for alias in node.names]
    return [(module, name) for module, name in found if module.split(".")[0] == "degeneracy"]


def file_of(module: str, name: str) -> Path:
    """The file that an import reads."""
    for dotted in (f"{module}.{name}", module):
        stem = PACKAGE.parent.joinpath(*dotted.split("."))
        for path in (stem.with_suffix(".py"), stem / "__init__.py"):
            if path.is_file():
                return path
    raise AssertionError(f"no file of {module}.{name}")


def folder_of(path: Path) -> str:
    return str(path.parent.relative_to(PACKAGE))


def test_there_is_no_import_circle():
    graph = {path: {file_of(*one) for one in imported(path)} - {path} for path in FILES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(str(path.relative_to(PACKAGE)) for path in error.args[1]))


def test_folders_import_one_another_in_no_circle():
    graph = {}
    for path in FILES:
        own = path.relative_to(PACKAGE).parts[0]
        graph.setdefault(own, set()).update(
            {file_of(*one).relative_to(PACKAGE).parts[0] for one in imported(path)} - {own, "__init__.py"}
        )
    known = {("networks", "fixed_points")}  # a population knows its fixed points by their schema
    graph = {one: {other for other in others if (one, other) not in known} for one, others in graph.items()}
    TopologicalSorter(graph).prepare()


def test_no_plug_in_imports_a_plug_in():
    plugins = {PACKAGE / kind / f"{name}.py" for kind in KINDS for name in names(kind)}
    for path in FILES:
        used = {file_of(*one) for one in imported(path)} & plugins
        assert not used, f"{path} imports {used}"


def test_nothing_is_imported_from_another_folder_under_a_private_name():
    for path in FILES:
        for module, name in imported(path):
            private = [part for part in (*module.split("."), name) if part.startswith("_")]
            assert not private or folder_of(file_of(module, name)) == folder_of(path), f"{path}: {module}.{name}"


def test_each_folder_says_whether_it_is_a_stage_or_a_kind_of_plug_in():
    for folder in sorted({path.parent for path in FILES} - {PACKAGE}):
        said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
        if folder.name in KINDS:
            assert "a kind of plug-in" in said, folder
        elif folder.parent == PACKAGE and folder.name != "solvers":
            assert "a stage:" in said or "either a stage nor a kind of plug-in" in said, folder


def test_the_code_of_training_holds_only_what_can_change_a_network():
    sources = SCRIPTS / "train_networks.py", PACKAGE / "tasks" / "flip_flop.py", PACKAGE / "cells" / "vanilla.py"
    found = {str(path.relative_to(PACKAGE)) for path in code_hash.closure(*sources) if path.is_relative_to(PACKAGE)}
    assert {path for path in found if not path.endswith("__init__.py")} == {
        *(f"cells/{name}.py" for name in ("_recurrence", "_rates", "vanilla")),
        *("tasks/flip_flop.py", "devices.py", "status.py", "trials/generate.py", "trials/schema.py"),
        *(f"networks/{name}.py" for name in ("training", "group", "epoch", "losses", "optimiser", "outcome", "schema")),
        *(f"networks/{name}.py" for name in ("connectivity", "noise", "seeds")),
        *(f"networks/backends/{name}.py" for name in ("choice", "compiled", "compiled_step", "obstacles")),
    }
