"""Hash of the code that can change what a job computes."""

import ast
import hashlib
from functools import cache
from pathlib import Path

from degeneracy.plugins import discovery

# Modules and folders that no result depends on, so that their edits make nothing stale. Raise the number of one by hand
# when what it writes, or what it makes of a condition, changes.
FORMAT = {"artifacts": 1, "plugins": 1, "command": 1}


def code_hash(*sources: Path) -> str:
    """Hash of the code of some source files and of every module of this package that they import.

    Comments, formatting and docstrings do not count. Modules and folders in FORMAT count by their number alone, and
    what they import does not count. Imports made through `Plugin.load` are not seen: name those files too.
    """
    parts = [f"{path.parent.name}/{path.name}\n{_normal_form(path)}" for path in closure(*sources)]
    parts += [f"{name} {number}" for name, number in FORMAT.items()]
    return hashlib.sha256("\0".join(sorted(parts)).encode()).hexdigest()[:16]


def closure(*sources: Path) -> set[Path]:
    """Some source files and all files of this package that they import, without those that count by their FORMAT."""
    found: set[Path] = set()
    waiting = [Path(path) for path in sources]
    while waiting:
        path = waiting.pop()
        if path not in found and not _counts_by_format(path):
            found.add(path)
            waiting += _imports(path)
    return found


def _counts_by_format(path: Path) -> bool:
    package = discovery.PACKAGE
    return path.is_relative_to(package) and path.relative_to(package).with_suffix("").parts[0] in FORMAT


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Files of this package that a source file imports, the `__init__` of their folders included."""
    modules = set()
    for node in ast.walk(discovery.parsed(path)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise ValueError(f"{path}: imports must be absolute (from degeneracy…), or a change would go unseen")
        elif isinstance(node, ast.ImportFrom):
            modules |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    files = set()
    for module in modules:
        parts = module.split(".")
        if parts[0] == discovery.PACKAGE.name:
            stem = discovery.PACKAGE.joinpath(*parts[1:])
            folders = [discovery.PACKAGE.joinpath(*parts[1:depth]) for depth in range(1, len(parts) + 1)]
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
