"""Measure how complex a task is, on its training trials."""

import json

from degeneracy import command
from degeneracy.artifacts import joined, store
from degeneracy.artifacts.origin import contents, origin
from degeneracy.experiment.condition import trial_part
from degeneracy.plugins.code_hash import code_of
from degeneracy.trials import complexity
from degeneracy.trials.schema import COMPLEXITY, TRIALS


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--trials", required=True, help="trials artifact")
    parser.add_argument("--group", default="train", choices=("train", "probe"), help="which trials to measure")
    parser.add_argument("--condition", type=command.json_object, help="condition that the inputs must be of (JSON)")
    parser.add_argument("--output", required=True, help="complexity artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    trials = store.read(arguments.trials, TRIALS, arguments.group)
    condition = arguments.condition or json.loads(trials.attrs["condition"])
    joined.of_condition({arguments.trials: trials.attrs}, trial_part(condition))
    code = code_of(__file__, planned=arguments.code)
    made = origin({"group": arguments.group}, code, contents([trials.attrs]))
    if store.reuse(arguments.output, COMPLEXITY, condition, **made):
        return
    result = complexity.measure(trials)
    store.write(arguments.output, COMPLEXITY, result, condition, "cpu", watch.seconds, **made)


if __name__ == "__main__":
    command.run(main)
