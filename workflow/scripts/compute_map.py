"""Compare all networks of a sweep, across its levels, under one metric of pairs, and place them in the plane."""

from degeneracy import command, devices
from degeneracy.artifacts import store
from degeneracy.errors import UserError
from degeneracy.experiment.condition import dumps
from degeneracy.measurement import network_map
from degeneracy.measurement.schema import MAP, PAIR_METRIC
from degeneracy.networks import population


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("metric", help="name of the metric of pairs (a file in degeneracy/metrics)")
    parser.add_argument("--factor", required=True, help="what the sweep varies, such as task.channels")
    parser.add_argument("--networks", nargs="+", required=True, help="networks artifacts of all levels, in order")
    parser.add_argument("--trials", nargs="+", required=True, help="trials artifacts of the same conditions")
    parser.add_argument("--metrics", nargs="+", required=True, help="artifacts of the metric, one a level, in order")
    parser.add_argument("--options", type=command.json_object, default={}, help="options of the metric (JSON)")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--output", required=True, help="map artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    device = devices.choose(arguments.device)
    populations = population.load_sweep(arguments.networks, arguments.trials, device=device)
    within = [store.read(path, PAIR_METRIC) for path in arguments.metrics]
    for one, data in zip(populations, within, strict=True):
        if dumps(one.condition) != data.attrs["condition"] or data.attrs["metric"] != arguments.metric:
            raise UserError("--metrics: must be the chosen metric of the conditions of --networks, in their order")
    result = network_map.place(arguments.metric, populations, within, arguments.factor, arguments.options)
    names = {"metric": arguments.metric, "factor": arguments.factor}
    store.write(
        arguments.output, MAP, result, populations[0].condition, devices.name_of(device), watch.seconds, **names
    )


if __name__ == "__main__":
    command.run(main)
