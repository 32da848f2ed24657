"""Train a block of networks, one for each seed, on the trials of their condition; those that are trained are reused.

The trials are generated here: they follow from the condition, and a network must not train again because the file of
its trials was deleted and made again.
"""

from functools import partial
from pathlib import Path

from degeneracy import command, devices
from degeneracy.artifacts import store
from degeneracy.artifacts.provenance import provenance
from degeneracy.errors import UserError
from degeneracy.networks import checkpoints, trained, training
from degeneracy.networks.backends.choice import BACKENDS
from degeneracy.networks.schema import NETWORKS
from degeneracy.plugins.code_hash import GPU_BACKENDS, code_hash
from degeneracy.plugins.discovery import PACKAGE
from degeneracy.trials.generate import generate


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--condition", type=command.json_object, required=True, help="resolved condition (JSON)")
    parser.add_argument("--seeds", type=int, nargs=2, required=True, metavar=("FIRST", "LAST"), help="block of seeds")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--backend", default="auto", choices=BACKENDS, help="implementation of the gradient")
    parser.add_argument("--output", required=True, help="networks artifact to write")
    arguments = parser.parse_args()
    stopping = checkpoints.on_termination()
    devices.use_one_thread()
    watch = command.Stopwatch()
    device = devices.choose_device(arguments.device)
    first, last = arguments.seeds
    if not 0 <= first <= last:
        raise UserError(f"--seeds: given {first} {last}, the first must be at least 0 and at most the last")
    spec, output = arguments.condition, Path(arguments.output)
    trials = generate(spec, ["train"])["train"]
    backends = [PACKAGE / f"{name}.py" for name in GPU_BACKENDS if device.type == "cuda"]
    identity = trained.identity(Path(__file__), spec, trials)
    report = partial(print, flush=True)
    known = trained.known(output.parent, identity, range(first, last + 1), report)
    parts = [] if known is None else [known]
    seeds = [seed for seed in range(first, last + 1) if known is None or seed not in known["network"]]
    checkpoint = checkpoints.Checkpoint.beside(output, identity["code"] + code_hash(*backends), stopping)
    if seeds:
        report(f"training {len(seeds)} networks on {device}")
        networks = training.train(spec, seeds, trials, device, report, arguments.backend, checkpoint)
        made = provenance("networks", spec, devices.name_of(device), watch.seconds + checkpoint.spent)
        parts.append(networks.assign_attrs(made | networks.attrs | identity))
    store.save(output, NETWORKS, trained.joined(parts))
    checkpoint.remove()


if __name__ == "__main__":
    command.run(main)
