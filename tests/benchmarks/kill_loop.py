"""Kill a run of the workflow at random moments, recover as slurm/README.md says, and compare what it leaves in the end.

`python tests/benchmarks/kill_loop.py --kills 50` runs the tiny experiment, again and again from nothing. At random
moments SIGKILL strikes either one job or Snakemake itself, whose jobs then run on beside those of the next run. With
`--slurm` the run is `snakemake --profile slurm`, and slurmd may be struck, too (`.ci/slurm up` brings up a Slurm).
Whenever a run has come to its end, every variable of every artifact must equal those of an undisturbed run.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import psutil
import yaml

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import TINY
from runs import SNAKEMAKE, clean_copy, differing, environment, planned, snakemake

SMALL = TINY | {"metrics": ["dsa", "weight_change"], "figures": ["loss_curves", "degeneracy"]}
# without and with Slurm: s from one kill to the next, at most, and how often each is the victim
LONGEST = {False: 4.0, True: 20.0}
VICTIMS = {False: {"job": 0.7, "snakemake": 0.3}, True: {"job": 0.6, "snakemake": 0.2, "slurmd": 0.2}}
SLURMD = Path("/run/degeneracy-slurm/slurmd.pid")


def kill_loop(folder: Path, kills: int, seed: int = 0, slurm: bool = False, report=print) -> tuple[Counter, list[str]]:
    """Kills by victim, and what was lost: artifacts that differ from those of an undisturbed run, or stay undone."""
    generator = np.random.default_rng(seed)
    arguments = (
        ["--cores", "8", "--profile", "slurm"] if slurm else ["--rerun-incomplete", "--retries", "2", "--keep-going"]
    )
    undisturbed = _project(folder / "undisturbed")
    snakemake(undisturbed)
    struck, lost, round_ = Counter(), [], 0
    while sum(struck.values()) < kills:
        round_ += 1
        project = _project(folder / f"round-{round_}")
        while not _disturbed(project, arguments, generator, struck, kills, slurm):
            _recover(project, slurm)
        _wait_for_orphans(project)
        wrong = differing(undisturbed, project) + [f"{rule} undone" for rule in planned(project, *arguments)]
        lost += [f"round {round_}: {one}" for one in wrong]
        report(f"round {round_}: {sum(struck.values())} kills so far ({dict(struck)}), {len(lost)} losses", flush=True)
    return struck, lost


def _project(path: Path) -> Path:
    project = clean_copy(path)
    for name in ("config.yaml", "resources/paper.yaml"):
        (project / name).write_text(yaml.safe_dump(SMALL))
    profile = project / "slurm" / "config.v8+.yaml"
    profile.write_text(re.sub("(before-status-checks:) .*", r"\1 2", profile.read_text()))
    return project


def _disturbed(project: Path, arguments: list[str], generator, struck: Counter, kills: int, slurm: bool) -> bool:
    """Run once, struck at random moments until there were kills enough; whether the run came to its end."""
    with open(project / "run.log", "a") as log:
        run = psutil.Popen(
            [*SNAKEMAKE, "--cores", "2", *arguments], cwd=project, env=environment(), stdout=log, stderr=log
        )
        while sum(struck.values()) < kills and run.poll() is None:
            try:
                run.wait(generator.uniform(0.5, LONGEST[slurm]))
            except psutil.TimeoutExpired:
                victim = generator.choice([*VICTIMS[slurm]], p=[*VICTIMS[slurm].values()])
                struck[str(victim)] += _strike(victim, run, project, generator)
        return run.wait() == 0


def _strike(victim: str, run: psutil.Process, project: Path, generator) -> bool:
    """Send SIGKILL to a victim if there is one."""
    try:
        if victim == "snakemake":
            run.kill()
        elif victim == "slurmd":
            psutil.Process(int(SLURMD.read_text())).kill()
            time.sleep(generator.uniform(0, 5))
            subprocess.run(["slurmd"], check=True)
        else:
            jobs = [one for one in _processes(project) if "scripts" in " ".join(one.cmdline()[1:2])]
            if not jobs:
                return False
            jobs[generator.integers(len(jobs))].kill()
        return True
    except psutil.NoSuchProcess:
        return False


def _processes(project: Path) -> list[psutil.Process]:
    """Processes that run in a project's folder."""
    found = []
    for one in psutil.process_iter():
        try:
            if one.cwd() == str(project) and one.pid != os.getpid():
                found.append(one)
        except psutil.Error:
            continue
    return found


def _recover(project: Path, slurm: bool) -> None:
    """What slurm/README.md says to do before the same command again."""
    if slurm:
        identities = re.findall(r"SLURM run ID: (\S+)", (project / "run.log").read_text())
        if identities:
            subprocess.run(["scancel", "--name", identities[-1]], check=True)
        while subprocess.run(["squeue", "-h"], capture_output=True, text=True, check=True).stdout.strip():
            time.sleep(0.5)
    snakemake(project, "--unlock")


def _wait_for_orphans(project: Path) -> None:
    psutil.wait_procs(_processes(project), timeout=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--slurm", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        struck, lost = kill_loop(Path(folder), chosen.kills, chosen.seed, chosen.slurm)
    print(f"{sum(struck.values())} kills ({dict(struck)}), {len(lost)} losses", *lost, sep="\n")
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
