"""Hash of the code that can change what a job computes: the rerun key of a rule.

What counts
    The source files of a job (its script and the plug-ins it loads by name) and every module of this package that they
    import. Of an imported module, a function, class or constant counts only if code that counts names it.
What does not count
    What `normal_form` leaves out: comments, formatting, docstrings, texts of errors, log lines, and so on.
What counts by a number
    The modules and folders of FORMAT, and what these import.

The hash assumes that

- defining a function, class or constant of an imported module has no effect besides giving it its name;
- whoever looks a name up by a string has that string in the source as a literal (`getattr(cell, "affine")`);
- the plug-ins that a job loads by name (`Plugin.load`) are among its sources.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

from degeneracy.errors import UserError
from degeneracy.plugins import discovery
from degeneracy.plugins.normal_form import statements

# The backends that run on a GPU alone. The hash is the same on every machine, so that results computed on a GPU are up
# to date on a laptop; therefore it cannot know which backend a job will use, and counts the code of the CPU's.
GPU_BACKENDS = tuple(
    f"networks/backends/{name}" for name in ("cuda_graph", "fused", "fused_parts", "fused_kernels", "fused_streamed")
)

# What decides whether a network is trained, or trained on from a checkpoint; how it is trained lies elsewhere.
REUSE = ("networks/checkpoints", "networks/trained")

# Modules and folders whose edits make nothing stale: no result depends on them, or, for the backends, none by more than
# rounding. Raise the number of one by hand when what it writes or computes does change.
NEUTRAL = ("artifacts", "command", "compilation", "errors", "experiment/validation", "plugins")
FORMAT = dict.fromkeys((*NEUTRAL, *REUSE, *GPU_BACKENDS), 1)
FORMAT["artifacts"] = 2  # from here on they carry checksums


def code_of(script, *plugins: discovery.Plugin, planned: str | None = None) -> str:
    """Hash of the code that this process runs: a stage script, and the plug-ins it loads by name.

    From here on the process runs no other code, whatever happens to the files (see `sources`). Raises UserError unless
    it is the planned code, if there is one.
    """
    files = [Path(script).resolve(), *(plugin.source for plugin in plugins)]
    found = code_hash(*files)
    if planned not in (None, found):
        edited = max(closure(*files), key=lambda path: path.stat().st_mtime)
        raise UserError(
            "the code of this job has changed since the run was planned, so it stops and writes nothing (last edited: "
            f"{edited}); run snakemake again to go on"
        )
    return found


@cache
def code_hash(*sources: Path) -> str:
    """Hash of the code of some source files, as above. Source files count in full, even those in FORMAT."""
    files = closure(*sources)
    counted = [(path, each) for path in files for each in statements(path) if path in sources or not each.name]
    waiting = [(path, each) for path in files - set(sources) for each in statements(path) if each.name]
    mentioned: set[str] = set()
    fresh = counted
    while fresh:
        mentioned.update(*(each.mentions for _, each in fresh))
        fresh = [(path, each) for path, each in waiting if each.name in mentioned]
        waiting = [(path, each) for path, each in waiting if each.name not in mentioned]
        counted = counted + fresh
    parts = {f"{path.parent.name}/{path.name} {each.place} {each.form}" for path, each in counted}
    parts |= {f"{name} {FORMAT[name]}" for path in files for file in _imports(path) if (name := _format_of(file))}
    return hashlib.sha256("\0".join(sorted(parts)).encode()).hexdigest()[:16]


def closure(*sources: Path) -> set[Path]:
    """Some source files and all files of this package that they import, without those that count by their FORMAT."""
    found: set[Path] = set()
    waiting = list(sources)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [file for file in _imports(path) if not _format_of(file)]
    return found


@cache
def _format_of(path: Path) -> str:
    """The module or folder of FORMAT that a file of this package is or lies in; "" if there is none."""
    module = path.relative_to(discovery.PACKAGE).with_suffix("")
    return next((name for name in FORMAT if module.is_relative_to(name)), "")


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Files of this package that a source file imports, the `__init__` of their folders included."""
    modules: set[str] = set()
    for node in ast.walk(discovery.parsed(path)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise UserError(f"{path}: imports must be absolute (from degeneracy…), or a change would go unseen")
            modules |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    files: set[Path] = set()
    for module in modules:
        parts = module.split(".")
        if parts[0] == discovery.PACKAGE.name:
            stem = discovery.PACKAGE.joinpath(*parts[1:])
            folders = [discovery.PACKAGE.joinpath(*parts[1:depth]) for depth in range(1, len(parts) + 1)]
            files |= {folder / "__init__.py" for folder in folders} | {stem.with_suffix(".py")}
    return tuple(file for file in sorted(files) if file.is_file())
