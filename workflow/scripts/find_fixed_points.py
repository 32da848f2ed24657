"""Find the fixed points of a block of trained networks."""

from degeneracy import command, devices
from degeneracy.artifacts import store
from degeneracy.artifacts.origin import origin
from degeneracy.fixed_points.find import find
from degeneracy.fixed_points.schema import FIXED_POINTS
from degeneracy.networks import population
from degeneracy.plugins.code_hash import code_of
from degeneracy.plugins.discovery import cell_of, tasks_of


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--networks", required=True, help="networks artifact")
    parser.add_argument("--trials", required=True, help="trials artifact of the same condition")
    parser.add_argument(
        "--options", type=command.json_object, required=True, help="fixed_points block of config (JSON)"
    )
    parser.add_argument("--condition", type=command.json_object, help="condition that the inputs must be of (JSON)")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--output", required=True, help="fixed-points artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    device = devices.choose_device(arguments.device)
    networks = population.load(
        [arguments.networks], arguments.trials, device=device.type, condition=arguments.condition
    )
    condition = networks.condition
    code = code_of(__file__, *tasks_of(condition), cell_of(condition), planned=arguments.code)
    made = origin(arguments.options, code, networks.inputs)
    if store.reuse(arguments.output, FIXED_POINTS, condition, **made):
        return
    points = find(networks, arguments.options, lambda line: print(line, flush=True))
    store.write(arguments.output, FIXED_POINTS, points, condition, devices.name_of(device), watch.seconds, **made)


if __name__ == "__main__":
    command.run(main)
