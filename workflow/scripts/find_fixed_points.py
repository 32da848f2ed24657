"""Find the fixed points of a block of trained networks."""

import torch

from degeneracy import artifacts, command, fixed_points, population


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--networks", required=True, help="networks artifact")
    parser.add_argument("--trials", required=True, help="trials artifact of the same condition")
    parser.add_argument("--options", type=command.json_object, required=True, help="fixed_points block of config (JSON)")
    parser.add_argument("--threads", type=int, default=1, help="threads of linear algebra")
    parser.add_argument("--output", required=True, help="fixed-points artifact to write")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    watch = command.Stopwatch()
    networks = population.load([arguments.networks], arguments.trials)
    points = fixed_points.find(networks, arguments.options, lambda line: print(line, flush=True))
    artifacts.write(
        arguments.output, "fixed_points", points, networks.condition, "cpu", watch.seconds, **points.attrs
    )


if __name__ == "__main__":
    command.run(main)
