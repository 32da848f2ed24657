"""Where an artifact comes from: its condition, versions, commit, device and wall time."""

import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import degeneracy
from degeneracy.experiment.condition import dumps


def provenance(kind: str, condition: dict, device: str, wall_time: float) -> dict:
    return {
        "artifact": kind,
        "condition": dumps(condition),
        "degeneracy_version": degeneracy.__version__,
        "git_commit": git_commit(),
        "torch_version": _version("torch"),
        "numpy_version": _version("numpy"),
        "device": device,
        "wall_time_s": float(wall_time),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


@cache
def git_commit() -> str:
    """Commit of the code, with +changes when the tree differs from it; `unknown` outside a repository."""
    here = Path(__file__).parents[1]  # the package
    git = ["git", "-C", str(here)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "status", "--porcelain", "--", str(here)], capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + ("+changes" if changed.stdout.strip() else "")
