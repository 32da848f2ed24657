"""Where an artifact comes from: its condition, versions, commit, device, CPU, BLAS kernels and wall time."""

import os
import platform
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

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
        **machine(),
        "wall_time_s": float(wall_time),
    }


def machine() -> dict[str, str]:
    """The CPU, and the kernels that each library chose for it: results on others differ by rounding."""
    kernels = {
        " ".join([each["internal_api"], each["version"] or "", each.get("architecture", "")])
        for each in threadpool_info()
        if each["user_api"] == "blas"
    }
    if torch := sys.modules.get("torch"):  # its own BLAS is part of it, and not seen from outside
        kernels.add(f"torch {torch.backends.cpu.get_cpu_capability()}")
    return {"cpu_model": _cpu_model(), "blas_kernels": ", ".join(sorted(kernels)) or "unknown"}


@cache
def _cpu_model() -> str:
    """Name, family and model number of the CPU, as far as the system tells: names alone are often vague."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        text = ""
    fields = dict(re.findall(r"^(model name|cpu family|model)\s*: (.+)$", text, re.MULTILINE))
    name = fields.get("model name") or platform.processor() or platform.machine()
    numbers = [f"{key.removeprefix('cpu ')} {fields[key]}" for key in ("cpu family", "model") if key in fields]
    return ", ".join([name, *numbers])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


@cache
def git_commit() -> str:
    """Commit of this project, with +changes when a file that results depend on differs from it or is not tracked.

    `unknown` unless the top level of the repository is that of the project: another one that encloses it says nothing.
    """
    workflow = Path(__file__).resolve().parents[3]
    root = workflow.parent
    try:
        top = _git(root, "rev-parse", "--show-toplevel")
        if Path(top).resolve() != root:
            return "unknown"
        commit = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=all", "--", "Snakefile", workflow.name)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + ("+changes" if changed else "")


def _git(root: Path, *arguments: str) -> str:
    """What git says of the repository that a folder lies in, whatever other one the environment names."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]  # somebody may be using the repository
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.strip()
