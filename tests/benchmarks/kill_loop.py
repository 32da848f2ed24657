"""Kill a run of the workflow at random moments, recover as slurm/README.md says, and compare what it leaves in the end.

`python tests/benchmarks/kill_loop.py --kills 50` runs the tiny experiment, again and again from nothing. At random
moments SIGKILL strikes either one job or Snakemake itself, whose jobs then run on beside those of the next run. With
`--slurm` the run is `snakemake --profile slurm`, and slurmd may be struck, too (`.ci/slurm up` brings up a Slurm).
Whenever a run has come to its end, every variable of every artifact must equal those of an undisturbed run. With
`--edits 20` as many edits of the configuration, of code and of the branch (see `edits.py`) are mixed in, each undone
after a random time; then the last run of a round is one that nothing disturbs.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.edits import edited, make_project, some_edit
from runs import SNAKEMAKE, differing, environment, planned, snakemake

# without and with Slurm: s from one kill to the next, at most, and how often each is the victim
LONGEST = {False: 4.0, True: 20.0}
VICTIMS = {False: {"job": 0.7, "snakemake": 0.3}, True: {"job": 0.6, "snakemake": 0.2, "slurmd": 0.2}}
Make = Callable[[Path], Path]
SLURMD = Path("/run/degeneracy-slurm/slurmd.pid")


def kill_loop(
    folder: Path, undisturbed: Path, make: Make, kills: int, seed: int = 0, slurm: bool = False, edits: int = 0
) -> tuple[Counter, list[str]]:
    """Kills by victim, and what was lost: artifacts that differ from those of an undisturbed run, or stay undone.

    `make` makes the project that is run in, and `undisturbed` is one that has run.
    """
    generator = np.random.default_rng(seed)
    arguments = (
        ["--cores", "8", "--profile", "slurm"] if slurm else ["--rerun-incomplete", "--retries", "2", "--keep-going"]
    )
    struck, left, lost, round_ = Counter(), Counter(kill=kills, edit=edits), [], 0
    while left.total() > 0:
        round_ += 1
        project = make(folder / f"round-{round_}")
        while not _disturbed(project, arguments, generator, struck, left, slurm):
            _recover(project, slurm)
        _wait_for_orphans(project)
        if edits:
            snakemake(project, *arguments)
        wrong = differing(undisturbed, project) + [f"{rule} undone" for rule in planned(project, *arguments)]
        lost += [f"round {round_}: {one}" for one in wrong]
        print(f"round {round_}: {struck.total()} disturbances so far ({dict(struck)}), {len(lost)} losses", flush=True)
    return struck, lost


def _disturbed(project: Path, arguments: list[str], generator, struck: Counter, left: Counter, slurm: bool) -> bool:
    """Run once, disturbed at random moments until there were kills and edits enough; whether it came to its end."""
    with open(project / "run.log", "a") as log:
        run = psutil.Popen(
            [*SNAKEMAKE, "--cores", "2", *arguments], cwd=project, env=environment(), stdout=log, stderr=log
        )
        while left.total() > 0 and run.poll() is None:
            try:
                run.wait(generator.uniform(0.5, LONGEST[slurm]))
            except psutil.TimeoutExpired:
                kind = str(generator.choice([*left.elements()]))
                victim = (
                    str(generator.choice([*VICTIMS[slurm]], p=[*VICTIMS[slurm].values()])) if kind == "kill" else kind
                )
                done = (_strike if kind == "kill" else _edit)(victim, run, project, generator)
                struck[victim] += done
                left[kind] -= done
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


def _edit(victim: str, run: psutil.Process, project: Path, generator) -> bool:
    """Edit the project for some time."""
    with edited(project, some_edit(generator)), suppress(psutil.TimeoutExpired):
        run.wait(generator.uniform(0.05, LONGEST[False]))
    return True


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
    parser.add_argument("--edits", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--slurm", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = make_project(Path(folder) / "undisturbed")
        snakemake(undisturbed)
        given = (chosen.kills, chosen.seed, chosen.slurm, chosen.edits)
        struck, lost = kill_loop(Path(folder), undisturbed, make_project, *given)
    print(f"{struck.total()} disturbances ({dict(struck)}), {len(lost)} losses", *lost, sep="\n")
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
