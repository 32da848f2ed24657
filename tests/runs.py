"""Running the workflow in a copy of the project, as a user does."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import xarray as xr
import yaml

from conftest import ROOT
from degeneracy.trials.schema import GROUPS

SNAKEMAKE = [sys.executable, "-m", "snakemake"]
KEPT = ("Snakefile", "workflow", "config.yaml", "envs", "resources", "slurm")


def clean_copy(project: Path) -> Path:
    """A copy of the project without results, as a clone would be, but with the functions that are compiled already."""
    project.mkdir(parents=True)
    for name in KEPT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, project / name, ignore=shutil.ignore_patterns("*.pyc", "*.egg-info"))
        else:
            shutil.copy(source, project / name)
    return project


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """A folder that the first of several processes of the same test session makes, and the others find."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = Path(f"{folder}.done")
        if not done.exists():
            make(folder)
            done.touch()
    return folder


def shared_folder(tmp_path_factory) -> Path:
    """A folder of the test session, the same for all its workers (of pytest-xdist)."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def environment(first_on_path: Path | None = None) -> dict[str, str]:
    """The environment of a run: this Python first, and nothing from the tests."""
    folders = [first_on_path, Path(sys.executable).parent, os.environ["PATH"]]
    path = os.pathsep.join(str(folder) for folder in folders if folder)
    cleaned = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return cleaned | {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def write_config(project: Path, config: dict) -> None:
    (project / "config.yaml").write_text(yaml.safe_dump(config))


def snakemake(project: Path, *arguments: str, check: bool = True, first_on_path: Path | None = None) -> str:
    """Run snakemake in a project and return all it printed."""
    command = [*SNAKEMAKE, "--cores", "2", *arguments]
    done = subprocess.run(
        command, cwd=project, capture_output=True, text=True, env=environment(first_on_path), timeout=900
    )
    output = done.stdout + done.stderr
    assert not check or done.returncode == 0, output
    assert check or done.returncode != 0, output
    return output


def planned(project: Path, *arguments: str) -> dict[str, int]:
    """Number of jobs of each rule that a run would do, the target rule left out."""
    output = snakemake(project, "-n", *arguments)
    table = re.findall(r"^(\w+)\s+(\d+)$", output.partition("Job stats:")[2].partition("total")[0], re.MULTILINE)
    return {rule: int(count) for rule, count in table if rule != "all"}


def differing(one: Path, other: Path) -> list[str]:
    """Artifacts, tables and figures under the results of two projects that are not the same to the last bit.

    Provenance (times, versions, device) may differ: of the attributes of an artifact only kind and condition count.
    """
    names = {
        path.relative_to(project)
        for project in (one, other)
        for path in project.glob("results/**/*.*")
        if path.suffix in (".nc", ".csv", ".pdf", ".png")
    }
    return [str(name) for name in sorted(names) if not _same(one / name, other / name)]


def _same(one: Path, other: Path) -> bool:
    if not (one.exists() and other.exists()):
        return False
    if one.suffix != ".nc":
        return one.read_bytes() == other.read_bytes()
    for group in (*GROUPS, None) if "trials" in one.parts else (None,):
        with xr.open_dataset(one, group=group) as left, xr.open_dataset(other, group=group) as right:
            if any(left.attrs.get(key) != right.attrs.get(key) for key in ("artifact", "condition")):
                return False
            if not left.assign_attrs(right.attrs).identical(right):
                return False
    return True
