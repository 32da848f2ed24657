"""Measure how complex a task is, on its training trials."""

import json

from degeneracy import command
from degeneracy.artifacts import store
from degeneracy.trials import complexity
from degeneracy.trials.schema import COMPLEXITY, TRIALS


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--trials", required=True, help="trials artifact")
    parser.add_argument("--group", default="train", choices=("train", "probe"), help="which trials to measure")
    parser.add_argument("--output", required=True, help="complexity artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    trials = store.read(arguments.trials, TRIALS, arguments.group)
    result = complexity.measure(trials)
    condition = json.loads(trials.attrs["condition"])
    store.write(arguments.output, COMPLEXITY, result, condition, "cpu", watch.seconds, group=arguments.group)


if __name__ == "__main__":
    command.run(main)
