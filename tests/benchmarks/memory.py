"""Peak memory and processor time of the jobs of metrics, on networks with random weights.

    python tests/benchmarks/memory.py   # 50 networks of 128 units, 1024 probe trials, 100 steps
    python tests/benchmarks/memory.py --metrics dsa svcca

Beside the peak stands what the rule asks for.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
from degeneracy.experiment.condition import dumps, trial_part
from degeneracy.experiment.needs import Needs
from degeneracy.experiment.resolve import resolve

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
METRICS = ("dsa", "soft_dsa", "input_dsa", "svcca", "procrustes", "cka", "debiased_cka", "kernel_alignment")


def experiment(networks: int, trials: int, steps: int, units: int):
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8"))
    hardly = {"epochs": 1, "steps_per_epoch": 1, "batch_size": 1, "threshold": 1000.0, "patience": 0}
    sweep = {"task": "flip_flop", "factor": "task.channels", "levels": [3]}
    base = {"model": {"width": units}, "training": hardly, "trials": {"probe": trials, "train": 2, "ood": 1}}
    task = {"tasks": {"flip_flop": {"task": {"time_steps": steps}}}, "sweeps": {"one": sweep}}
    return resolve(base | task | {"seeds": networks, "metrics": list(METRICS)}, schema)


def run(script: str, *arguments: object) -> tuple[float, float]:
    """Peak memory (MB) and processor time (s) of a stage."""
    command = [sys.executable, str(SCRIPTS / script), *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{script} failed")
    return used.ru_maxrss / 1000, used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--metrics", nargs="+", default=METRICS, choices=METRICS)
    for name, default in (("networks", 50), ("trials", 1024), ("steps", 100), ("units", 128)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    chosen = experiment(arguments.networks, arguments.trials, arguments.steps, arguments.units)
    (condition,) = chosen.conditions
    needs = Needs(chosen)
    print("| metric | peak MB | asked for | s |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        trials, networks = Path(folder) / "trials.nc", Path(folder) / "networks.nc"
        run("generate_trials.py", "--condition", dumps(trial_part(condition.spec)), "--output", trials)
        seeds = ("--seeds", 0, arguments.networks - 1)
        run("train_networks.py", "--condition", condition.spec_json, *seeds, "--device", "cpu", "--output", networks)
        for metric in arguments.metrics:
            given = ("--networks", networks, "--trials", trials, "--device", "cpu")
            peak, seconds = run("compute_metric.py", metric, *given, "--output", Path(folder) / f"{metric}.nc")
            asked = 1000 + needs.memory_of_metric(metric, condition)  # see rules/metrics.smk
            print(f"| `{metric}` | {peak:.0f} | {asked} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
