"""Train all networks of an experiment on one GPU in one process, several conditions at a time.

    python workflow/scripts/train_together.py --configfile resources/paper.yaml --minutes 50

This writes the networks artifacts that Snakemake would write, and skips those that exist. The conditions come in the
order of `run_in_parts.py`. When the time is up no further training starts, and those that are running finish.
"""

import argparse
import concurrent.futures
import multiprocessing
import sys
import time
from functools import partial
from pathlib import Path

import torch
import yaml

from degeneracy import command, devices
from degeneracy.artifacts import store
from degeneracy.artifacts.provenance import provenance
from degeneracy.experiment import paths
from degeneracy.experiment.resolve import resolve
from degeneracy.networks import trained, training
from degeneracy.networks.backends import choice
from degeneracy.networks.schema import NETWORKS
from degeneracy.plugins.discovery import make_cell
from degeneracy.status import Status
from degeneracy.trials.generate import generate
from run_in_parts import bases_of

ROOT = Path(__file__).resolve().parents[2]


def prepared(spec: dict, device: torch.device):
    """Training trials of a condition. Also compiles the kernels of its cell, so that the training process need not."""
    trials, cell = generate(spec, ["train"])["train"], make_cell(spec)
    batch, steps = spec["training"]["batch_size"], trials.sizes["time"]
    backend, _ = choice.choose("auto", device, cell, trials.sizes["input"], trials.sizes["output"])
    parameters = {
        name: torch.as_tensor(value, dtype=torch.float32, device=device)[None].requires_grad_()
        for name, value in training.initial_parameters(spec, 0).items()
    }
    shape = (1, steps, batch)
    given, wanted = (torch.zeros(*shape, trials.sizes[name], device=device) for name in ("input", "output"))
    loss = choice.mean_squared_error(cell, parameters, given, wanted, torch.ones(shape, device=device), backend)
    torch.autograd.grad(loss.sum(), list(parameters.values()))
    return trials


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configfile", default="resources/paper.yaml")
    parser.add_argument("--seeds", type=int, help="networks per condition (default: those of the configuration)")
    parser.add_argument("--minutes", type=float, default=600, help="time until the last training starts")
    parser.add_argument("--at-once", type=int, default=3, help="conditions that share the GPU")
    parser.add_argument("--processes", type=int, default=8, help="processes that generate trials and compile kernels")
    arguments = parser.parse_args()
    end = time.monotonic() + 60 * arguments.minutes
    config = yaml.safe_load((ROOT / arguments.configfile).read_text(encoding="utf-8"))
    config["seeds"] = config["seeds_per_job"] = arguments.seeds or config["seeds"]
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8"))
    plan, device = resolve(config, schema), devices.choose_device("auto")
    (block, seeds), *_ = plan.blocks.items()
    conditions = (*bases_of(plan), *plan.conditions)
    artifacts = {each: ROOT / paths.networks(each.task, each.name, block) for each in conditions}
    wanted = {condition: path for condition, path in artifacts.items() if not path.is_file()}
    spawned = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(arguments.processes, spawned) as pool:
        trials = {condition: pool.submit(prepared, condition.spec, device) for condition in wanted}
        started = []

        def trainings():
            for condition in wanted:
                if time.monotonic() > end:
                    return
                data = trials.pop(condition).result()
                identity = trained.identity(Path(__file__).with_name("train_networks.py"), condition.spec, data)
                started.append((condition, identity, time.monotonic()))
                say = partial(print, f"{condition.task}/{condition.name}:", flush=True)
                yield training.epochs(condition.spec, seeds, data, device, say, "auto", None)

        for number, networks in training.together(trainings(), device, arguments.at_once):
            condition, identity, start = started[number]
            path, seconds = wanted[condition], time.monotonic() - start
            made = provenance("networks", condition.spec, devices.name_of(device), seconds)
            store.save(path, NETWORKS, networks.assign_attrs(made | networks.attrs | identity))
            converged = int((networks["status"] == Status.CONVERGED).sum())
            print(f"{path.relative_to(ROOT)}: {converged} of {len(seeds)} converged, {seconds:.0f} s", flush=True)
        for future in trials.values():
            future.cancel()


if __name__ == "__main__":
    sys.exit(command.run(main))
