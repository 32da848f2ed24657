"""Generate the training, probe and out-of-distribution trials of a task: one NetCDF file, one group each."""

from degeneracy import artifacts, command, trials


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--condition", type=command.json_object, required=True, help="resolved condition (JSON)")
    parser.add_argument("--output", required=True, help="trials artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    groups = trials.generate(arguments.condition)
    artifacts.write(arguments.output, "trials", groups, arguments.condition, "cpu", watch.seconds)


if __name__ == "__main__":
    command.run(main)
