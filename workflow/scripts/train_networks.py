"""Train a block of networks, one for each seed, on the trials of their condition."""

from functools import partial
from pathlib import Path

import torch

from degeneracy import command, devices
from degeneracy.artifacts import store
from degeneracy.errors import UserError
from degeneracy.networks import checkpoints, training
from degeneracy.networks.backends.choice import BACKENDS
from degeneracy.networks.schema import NETWORKS
from degeneracy.plugins.code_hash import GPU_BACKENDS, code_hash
from degeneracy.plugins.discovery import PACKAGE, cell_of, task_of
from degeneracy.trials.schema import TRIALS, check_trials


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--condition", type=command.json_object, required=True, help="resolved condition (JSON)")
    parser.add_argument("--seeds", type=int, nargs=2, required=True, metavar=("FIRST", "LAST"), help="block of seeds")
    parser.add_argument("--trials", required=True, help="trials artifact")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--backend", default="auto", choices=BACKENDS, help="implementation of the gradient")
    parser.add_argument("--output", required=True, help="networks artifact to write")
    arguments = parser.parse_args()
    stopping = checkpoints.on_termination()
    torch.set_num_threads(1)  # a result must not depend on the number of cores
    watch = command.Stopwatch()
    device = devices.choose_device(arguments.device)
    check_trials(arguments.trials, arguments.condition)
    trials = store.read(arguments.trials, TRIALS, "train")
    first, last = arguments.seeds
    if not 0 <= first <= last:
        raise UserError(f"--seeds: given {first} {last}, the first must be at least 0 and at most the last")
    seeds = range(first, last + 1)
    print(f"training {len(seeds)} networks on {device}", flush=True)
    spec = arguments.condition
    backends = [PACKAGE / f"{name}.py" for name in GPU_BACKENDS if device.type == "cuda"]
    code = code_hash(Path(__file__).resolve(), task_of(spec).source, cell_of(spec).source, *backends)
    checkpoint = checkpoints.Checkpoint.beside(arguments.output, code, stopping)
    report = partial(print, flush=True)
    networks = training.train(spec, seeds, trials, device, report, arguments.backend, checkpoint)
    name, seconds = devices.name_of(device), watch.seconds + checkpoint.spent
    store.write(arguments.output, NETWORKS, networks, spec, name, seconds, **networks.attrs)
    checkpoint.remove()


if __name__ == "__main__":
    command.run(main)
