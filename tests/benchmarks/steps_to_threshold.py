"""Optimiser steps until networks reach the threshold: as the paper trains (resources/paper.yaml), and tuned.

    python tests/benchmarks/steps_to_threshold.py

Networks of 64 units learn the base condition of each task twice, from the same seeds, on the same trials, to the same
threshold. The table shows, as means over networks,

    steps      steps of the optimiser up to the end of the first epoch below the threshold
    seconds    processor time of a whole training, the epochs of patience included; evaluation is part of it

Training amplifies rounding, so another CPU gives other networks, and other steps for each of them.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch
import xarray as xr
import yaml

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))
from degeneracy.experiment.resolve import resolve
from degeneracy.experiment.validation import defaults_of
from degeneracy.networks import training
from degeneracy.status import Status
from degeneracy.trials.generate import generate

ROOT = Path(__file__).parents[2]
TASKS = ("flip_flop", "delayed_discrimination", "sine", "path_integration", "lorenz96")
WIDTH = 64
FILES = ("paper.yaml", "tuned.yaml")
SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8"))


def condition(file: str, task: str) -> dict:
    """The base condition of a task, with `WIDTH` units, as a file of resources/ trains it."""
    tasks = yaml.safe_load((ROOT / "resources" / file).read_text(encoding="utf-8"))["tasks"]
    sweep = {"task": task, "factor": "model.width", "levels": [WIDTH]}
    return resolve({"tasks": tasks, "sweeps": {"base": sweep}, "metrics": ["ood_loss"]}, SCHEMA).conditions[0].spec


def measure(spec: dict, trials: xr.Dataset, seeds: list[int]) -> tuple[list[int], float, list[bool]]:
    """Epochs up to the threshold and whether it converged of each network, and processor time of a training (s)."""
    start = time.process_time()
    networks = training.train(spec, seeds, trials, torch.device("cpu"), report=lambda line: None)
    seconds = (time.process_time() - start) / len(seeds)
    return networks["epoch_reached"].values.tolist(), seconds, (networks["status"] == Status.CONVERGED).values.tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[4, 5, 6, 7])
    parser.add_argument("--files", nargs="+", choices=FILES, default=FILES)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'task':22} {'file':11} converged  steps seconds  epochs; what differs from the defaults")
    defaults = defaults_of(SCHEMA, "training")
    sums = dict.fromkeys(arguments.files, 0.0)
    for task in arguments.tasks:
        specs = {file: condition(file, task) for file in arguments.files}
        for part in ("task", "model", "trials"):
            assert all(spec[part] == next(iter(specs.values()))[part] for spec in specs.values()), "an easier task"
        trials = generate(next(iter(specs.values())), ["train"])["train"]
        for file, spec in specs.items():
            epochs, seconds, converged = measure(spec, trials, arguments.seeds)
            reached = all(epochs)  # a network that does not get there has no number of steps
            steps = statistics.mean(epochs) * spec["training"]["steps_per_epoch"] if reached else float("nan")
            sums[file] += steps
            changed = {key: value for key, value in spec["training"].items() if value != defaults[key]}
            print(
                f"{task:22} {file:11} {sum(converged):4d} / {len(converged)} {steps:6.0f} {seconds:7.1f}  "
                f"{epochs}; {changed}",
                flush=True,
            )
    for file, steps in sums.items():
        print(f"{'sum of steps':22} {file:11} {'':9} {steps:6.0f}")


if __name__ == "__main__":
    main()
