"""Measure how complex a task is, on its training trials."""

import json

from degeneracy import artifacts, command, complexity


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--trials", required=True, help="trials artifact")
    parser.add_argument("--group", default="train", choices=("train", "probe"), help="which trials to measure")
    parser.add_argument("--output", required=True, help="complexity artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    trials = artifacts.read(arguments.trials, "trials", arguments.group)
    result = complexity.measure(trials)
    condition = json.loads(trials.attrs["condition"])
    artifacts.write(arguments.output, "complexity", result, condition, "cpu", watch.seconds, group=arguments.group)


if __name__ == "__main__":
    command.run(main)
