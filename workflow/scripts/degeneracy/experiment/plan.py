"""What a run was planned with, for the jobs of a run on a cluster, each of which reads the workflow again.

The main process reads all source files at its start. Before the first job is submitted it writes them to a plan, with
the configuration, and the Snakefile of a job takes both from there. So a job gets the parameters that were planned for
it, whatever is edited meanwhile, and notices itself if the code that it loads is other code.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from degeneracy.errors import UserError
from degeneracy.plugins import sources

KEY = "plan"  # in a configuration that is part of a plan


def freeze(root: Path, snakefile: str, config: dict) -> dict[str, dict[str, str]]:
    """Read what the jobs of a run are planned with, or take it from the plan that the configuration is part of.

    Raises UserError if the workflow (Snakefile, rules, schemas), or what has been loaded before this call, is not as
    planned.
    """
    files = [Path(snakefile), *root.glob("workflow/rules/[A-Za-z]*.smk"), *root.glob("workflow/schemas/[A-Za-z]*")]
    now = {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    planned = config.pop(KEY, None)
    if planned is None:
        for path in (root / "workflow" / "scripts").rglob("*.py"):
            with suppress(OSError):
                sources.fix(path)
        return {"files": now, "sources": {}}
    for name, text in planned["sources"].items():
        sources.TEXTS.setdefault(str(root / name), _bytes(text))
    changed = [name for name, text in planned["sources"].items() if sources.text(root / name) != _bytes(text)]
    changed += [name for name in now.keys() | planned["files"].keys() if now.get(name) != planned["files"].get(name)]
    if changed:
        raise UserError(f"{root / min(changed)}: has changed since this run was planned; run snakemake again to go on")
    return planned


def write(root: Path, planned: dict[str, dict[str, str]], config: dict) -> Path:
    """Write a plan, once for each, and return its path: a configuration file with what was read beside it."""
    texts = {Path(path): text for path, text in sources.TEXTS.items() if Path(path).is_relative_to(root)}
    found = {path.relative_to(root).as_posix(): text.decode("utf-8", "surrogateescape") for path, text in texts.items()}
    content = json.dumps(config | {KEY: planned | {"sources": found}})
    path = Path(".snakemake", "plans", f"{hashlib.sha256(content.encode()).hexdigest()[:16]}.json").absolute()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        temporary.write_text(content, encoding="utf-8")
        os.replace(temporary, path)
    return path


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
