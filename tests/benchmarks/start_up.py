"""Processor time of the jobs of the default run with next to nothing to compute: to start them and to end them.

    python tests/benchmarks/start_up.py

Runs the default experiment with tiny networks twice in a copy of the project. The first run compiles the code that is
kept on disk. The table describes the second run. For each script, with the metric or figure that it is called with, it
shows

    jobs      how many there are in the default run
    s         median processor time of one (user and system, with all programs that it starts)
    sum s     of all of them
    help s    median processor time of the script with --help, of five
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import ROOT, SCRIPTS, TINY
from runs import SNAKEMAKE, clean_copy, environment

DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
SMALL = {key: TINY[key] for key in ("model", "training", "trials", "fixed_points", "tasks")}
WITH_NAME = ("compute_metric", "compute_map", "draw_figure")  # their first argument names a metric or a figure
# Bash reads this before the command of a job, and says at its end how long it took and what it was.
AT_EXIT = r"""
note() { times > "$TIMES.$$"; echo "$(tail -n 1 "$TIMES.$$") ${BASH_EXECUTION_STRING//$'\n'/ }" >> "$TIMES"; }
trap note EXIT
"""


def jobs(project: Path) -> dict[str, list[float]]:
    """Processor times (s) of the jobs of a run, by script and name of the metric or figure."""
    times, hook = project / "times", project / "at_exit.sh"
    times.write_text("")
    hook.write_text(AT_EXIT)
    run(project, "--cores", "1", "--quiet", "--forceall", env={"BASH_ENV": str(hook), "TIMES": str(times)})
    found = defaultdict(list)
    for line in times.read_text().splitlines():
        user, system, *words = line.split()
        script = next((place for place, word in enumerate(words) if word.endswith(".py")), None)
        if script is not None:
            name = Path(words[script]).stem
            label = f"{name} {words[script + 1]}" if name in WITH_NAME else name
            found[label].append(seconds(user) + seconds(system))
    return found


def seconds(clock: str) -> float:
    """The seconds of `1m2.345s`."""
    minutes, _, rest = clock.rstrip("s").partition("m")
    return 60 * int(minutes) + float(rest)


def run(project: Path, *arguments: str, env: dict[str, str]) -> None:
    inherited = {key: value for key, value in environment().items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([*SNAKEMAKE, *arguments], cwd=project, env=inherited | env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def help_time(script: Path) -> float:
    """Median processor time (s) of a script with --help."""
    spent = []
    for _ in range(5):
        before = os.times()
        subprocess.run([sys.executable, script, "--help"], stdout=subprocess.DEVNULL, check=True)
        after = os.times()
        spent.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return statistics.median(spent)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = clean_copy(Path(folder) / "project")
        (project / "config.yaml").write_text(yaml.safe_dump(DEFAULT | SMALL))
        jobs(project)
        found = jobs(project)
    starts = {name: help_time(SCRIPTS / f"{name}.py") for name in sorted({label.split()[0] for label in found})}
    print(f"{'job':<38} {'jobs':>4} {'s':>5} {'sum s':>6} {'help s':>6}")
    for label, spent in sorted(found.items()):
        line = f"{label:<38} {len(spent):>4} {statistics.median(spent):>5.2f} {sum(spent):>6.2f}"
        print(line, f"{starts[label.split()[0]]:>6.2f}")
    print(f"{'all':<38} {sum(map(len, found.values())):>4} {'':>5} {sum(map(sum, found.values())):>6.2f}")


if __name__ == "__main__":
    main()
