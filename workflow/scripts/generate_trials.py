"""Generate the training, probe and out-of-distribution trials of a task: one NetCDF file, one group each."""

from degeneracy import command
from degeneracy.artifacts import store
from degeneracy.artifacts.origin import origin
from degeneracy.plugins.code_hash import code_of
from degeneracy.plugins.discovery import tasks_of
from degeneracy.trials.generate import generate
from degeneracy.trials.schema import TRIALS


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--condition", type=command.json_object, required=True, help="resolved condition (JSON)")
    parser.add_argument("--output", required=True, help="trials artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    made = origin({}, code_of(__file__, *tasks_of(arguments.condition), planned=arguments.code))
    if store.reuse(arguments.output, TRIALS, arguments.condition, **made):
        return
    groups = generate(arguments.condition)
    store.write(arguments.output, TRIALS, groups, arguments.condition, "cpu", watch.seconds, **made)


if __name__ == "__main__":
    command.run(main)
