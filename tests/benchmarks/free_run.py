"""Does a network that learnt Lorenz-63 with teacher forcing stay on the attractor when it runs free?

    python tests/benchmarks/free_run.py --cell vanilla
    python tests/benchmarks/free_run.py --width 20 --epochs 40 --model '{"cell": "almost_linear", "rectified": 10}' \
        --save tests/cells/almost_linear_lorenz63.npz

Prints, for 40 free runs of 900 steps, the SD of each variable (1 on the attractor), the distance of their states to
the nearest state of the attractor, and the Hellinger distance of the histograms of states (0 if equal, 1 if disjoint).
The second command makes the network of a test.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
import yaml
from scipy.spatial import cKDTree

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from degeneracy.experiment.condition import dumps  # noqa: E402
from degeneracy.experiment.resolve import resolve  # noqa: E402
from degeneracy.networks import training  # noqa: E402
from degeneracy.networks.population import Population  # noqa: E402
from degeneracy.tasks import dynamical_system  # noqa: E402
from degeneracy.trials.generate import generate  # noqa: E402

RUNS, STEPS, SETTLED = 40, 1000, 100  # steps; the first ones are left out
TRAINING = {"teacher_forcing": 0.2, "batch_size": 32, "learning_rate": 0.006, "plateau_patience": 5}


def histogram(states: np.ndarray) -> np.ndarray:
    counts, _ = np.histogramdd(states.reshape(-1, 3), bins=12, range=[(-3, 3)] * 3)
    return counts.ravel() / counts.sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cell", default="vanilla")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--model", type=json.loads, default={}, help="more options of the model (JSON)")
    parser.add_argument("--save", help="file (.npz) for the parameters of the network")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    base = {
        "task": {"drive": "start", "time_steps": 30},
        "model": {"cell": arguments.cell, "width": arguments.width} | arguments.model,
        "trials": {"train": 2048},
        "training": TRAINING | {"epochs": arguments.epochs, "threshold": 1e-5},
    }
    sweep = {"task": "dynamical_system", "factor": "trials.seed", "levels": [0]}
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8"))
    config = {"tasks": {"dynamical_system": base}, "sweeps": {"one": sweep}}
    condition = resolve(config, schema).conditions[0].spec
    networks = training.train(condition, [0], generate(condition, ["train"])["train"], torch.device("cpu"))
    if arguments.save:
        np.savez(arguments.save, **{name: networks[name].values for name in networks.attrs["parameters"].split()})
    long = dynamical_system.Task(drive="start", time_steps=STEPS).trials(np.random.default_rng(5), RUNS)
    _, outputs = Population(networks.assign_attrs(condition=dumps(condition))).run(long.inputs, keep_states=False)
    free, true = outputs[0, :, SETTLED:], long.targets[:, SETTLED:]
    distance, _ = cKDTree(true.reshape(-1, 3)[::7]).query(free.reshape(-1, 3)[::11])
    hellinger = np.sqrt(max(0, 1 - np.sum(np.sqrt(histogram(free) * histogram(true)))))
    print(f"forced loss {networks['final_loss'].item():.2g}, SD {free.std((0, 1)).round(2)}")
    print(f"distance to the attractor: median {np.median(distance):.3f}, 99% below {np.quantile(distance, 0.99):.3f}")
    print(f"Hellinger distance {hellinger:.3f}")


if __name__ == "__main__":
    main()
