"""Generate the training, probe and out-of-distribution trials of a task: one NetCDF file, one group each."""

from degeneracy import command
from degeneracy.artifacts import store
from degeneracy.trials.generate import content_of, generate
from degeneracy.trials.schema import TRIALS


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--condition", type=command.json_object, required=True, help="resolved condition (JSON)")
    parser.add_argument("--output", required=True, help="trials artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    groups = generate(arguments.condition)
    trained_on = {"train_content": content_of(groups["train"])}
    store.write(arguments.output, TRIALS, groups, arguments.condition, "cpu", watch.seconds, **trained_on)


if __name__ == "__main__":
    command.run(main)
