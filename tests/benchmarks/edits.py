"""Edit the project while a run goes on, and compare what is left in the end with an undisturbed run.

`python tests/benchmarks/edits.py --edits 20` runs the tiny experiment. At random moments an option of the
configuration, the trainer, a cell, a metric, a solver or all of them at once (another branch) are changed, and undone
after a random time, from a twentieth of a second to many seconds. A run that has stopped is started again. At the end,
with everything undone, one more run must leave the results of an undisturbed one, to the last bit. With `--slurm` the
runs are `snakemake --profile slurm` (`.ci/slurm up` brings up a Slurm).
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import TINY
from runs import SNAKEMAKE, clean_copy, differing, environment, planned, snakemake

SMALL = TINY | {"seeds_per_job": 2, "metrics": ["dsa", "weight_change"], "figures": ["loss_curves", "degeneracy"]}
CONFIGS = ("config.yaml", "resources/paper.yaml")
SCRIPTS = "workflow/scripts/degeneracy"
EDITS = {  # each of them changes results: file, what is replaced, by what
    "trainer": (f"{SCRIPTS}/networks/optimiser.py", 'ADAM["betas"]', '[0.5 * beta for beta in ADAM["betas"]]'),
    "cell": (f"{SCRIPTS}/cells/vanilla.py", "(self, generator, inputs", "(self, generator.spawn(1)[0], inputs"),
    "metric": (f"{SCRIPTS}/metrics/weight_change.py", '{"value": change,', '{"value": 2 * change,'),
    "solver": (f"{SCRIPTS}/solvers/orthogonal/conjugation.py", "return distance, torch", "return 2 * distance, torch"),
    "rank": (CONFIGS, "rank: 3", "rank: 2"),
    "confidence": (CONFIGS, "confidence: 0.95", "confidence: 0.5"),
    "width": (CONFIGS, "width: 8", "width: 9"),
}
BRANCH = "branch"
SHARE = 0.25  # of the time of an undisturbed run: how long an edit lasts, and from one to the next, at most


def make_project(path: Path) -> Path:
    """A copy of the project with the tiny experiment, under git, and a branch with all edits of code."""
    project = clean_copy(path)
    for name in CONFIGS:
        (project / name).write_text(yaml.safe_dump(SMALL | {"statistics": {"confidence": 0.95}}))
    profile = project / "slurm" / "config.v8+.yaml"
    profile.write_text(re.sub("(before-status-checks:) .*", r"\1 2", profile.read_text()))
    (project / ".gitignore").write_text("results\n.snakemake\n__pycache__\n*.log\n")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "as it is")
    git(project, "checkout", "-qb", "other")
    for name in ("trainer", "cell", "metric", "solver"):
        replace(project, name)
    git(project, "commit", "-qam", "all edits of code")
    git(project, "checkout", "-q", "main")
    return project


def git(project: Path, *arguments: str) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    subprocess.run(["git", *who, *arguments], cwd=project, check=True, capture_output=True)


def replace(project: Path, name: str, undo: bool = False) -> None:
    """Make an edit in place, as an editor does."""
    files, old, new = EDITS[name]
    for file in [files] if isinstance(files, str) else files:
        text = (project / file).read_text()
        before, after = (new, old) if undo else (old, new)
        assert before in text, f"{file}: there is no {before}"
        (project / file).write_text(text.replace(before, after))


@contextmanager
def edited(project: Path, name: str) -> Iterator[None]:
    """Make an edit, or switch to the other branch, and undo it."""
    git(project, "checkout", "-q", "other") if name == BRANCH else replace(project, name)
    try:
        yield
    finally:
        git(project, "checkout", "-q", "main") if name == BRANCH else replace(project, name, undo=True)


def some_edit(generator) -> str:
    return str(generator.choice([*EDITS, BRANCH]))


def disturbed(project: Path, arguments: list[str], generator, made: Counter, edits: int, longest: float) -> None:
    """Run until a run has come to its end, and edit meanwhile until there were edits enough."""
    while True:
        with open(project / "run.log", "a") as log:
            command = [*SNAKEMAKE, "--cores", "2", *arguments]
            run = subprocess.Popen(command, cwd=project, env=environment(), stdout=log, stderr=log)
            while run.poll() is None and sum(made.values()) < edits:
                time.sleep(generator.uniform(0, longest))
                if run.poll() is not None:
                    break
                name = some_edit(generator)
                with edited(project, name):
                    time.sleep(generator.choice([0.05, generator.uniform(0, longest)], p=[0.25, 0.75]))
                made[name] += 1
            if run.wait() == 0:
                return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--slurm", action="store_true")
    chosen = parser.parse_args()
    generator, made, lost = np.random.default_rng(chosen.seed), Counter(), []
    arguments = ["--cores", "8", "--profile", "slurm"] if chosen.slurm else ["--rerun-incomplete", "--keep-going"]
    with tempfile.TemporaryDirectory() as folder:
        undisturbed, start, round_ = make_project(Path(folder) / "project"), time.monotonic(), 0
        snakemake(undisturbed, *arguments)
        longest = SHARE * (time.monotonic() - start)
        while sum(made.values()) < chosen.edits:
            round_ += 1
            project = Path(folder) / f"round-{round_}"
            shutil.copytree(undisturbed, project, ignore=shutil.ignore_patterns("results", ".snakemake", "*.log"))
            disturbed(project, arguments, generator, made, chosen.edits, longest)
            snakemake(project, *arguments)
            wrong = differing(undisturbed, project) + [f"{rule} undone" for rule in planned(project, *arguments)]
            lost += [f"round {round_}: {one}" for one in wrong]
            stopped = (project / "run.log").read_text().count("has changed since the run was planned")
            print(f"round {round_}: {sum(made.values())} edits, {stopped} jobs stopped, {len(lost)} losses", flush=True)
    print(f"{sum(made.values())} edits ({dict(made)}), {len(lost)} losses", *lost, sep="\n")
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
