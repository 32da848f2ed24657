"""Compute one metric on a population."""

from degeneracy import artifacts, command, comparison, devices, population, units


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("metric", help="name of the metric (a file in degeneracy/metrics)")
    parser.add_argument("--networks", nargs="+", required=True, help="networks artifacts of one condition")
    parser.add_argument("--trials", required=True, help="trials artifact of the same condition")
    parser.add_argument(
        "--fixed-points", nargs="*", default=[], help="fixed-points artifacts, for metrics that use them"
    )
    parser.add_argument("--options", type=command.json_object, default={}, help="options of the metric (JSON)")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--output", required=True, help="metric artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    device = devices.choose_device(arguments.device)
    if "fixed_points" in units.constant("metrics", arguments.metric, "USES", ()) and not arguments.fixed_points:
        raise ValueError(f"{arguments.metric}: uses fixed points, give their artifacts with --fixed-points")
    networks = population.load(arguments.networks, arguments.trials, arguments.fixed_points, device=device.type)
    options = units.resolve_options("metrics", arguments.metric, arguments.options, arguments.metric)
    result = comparison.measure(arguments.metric, networks, options)
    kind = "pair metric" if "distance" in result else "network metric"
    names = {"metric": arguments.metric, "level": units.constant("metrics", arguments.metric, "LEVEL", "")}
    artifacts.write(arguments.output, kind, result, networks.condition, devices.name_of(device), watch.seconds, **names)


if __name__ == "__main__":
    command.run(main)
