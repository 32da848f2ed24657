"""Compare all networks of a sweep, across its levels, under one metric of pairs, and place them in the plane."""

import json

from degeneracy import command, devices
from degeneracy.artifacts import joined, store
from degeneracy.artifacts.origin import contents, origin
from degeneracy.experiment.condition import dumps, level_of
from degeneracy.measurement import network_map
from degeneracy.measurement.schema import MAP, PAIR_METRIC
from degeneracy.networks import population
from degeneracy.plugins.code_hash import code_of
from degeneracy.plugins.discovery import Plugin, cells_of, tasks_of


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("metric", help="name of the metric of pairs (a file in degeneracy/metrics)")
    parser.add_argument("--factor", required=True, help="what the sweep varies, such as task.channels")
    parser.add_argument("--networks", nargs="+", required=True, help="networks artifacts of all levels, in order")
    parser.add_argument("--trials", nargs="*", default=[], help="trials artifacts of the same conditions")
    parser.add_argument("--metrics", nargs="+", required=True, help="artifacts of the metric, one a level, in order")
    parser.add_argument("--options", type=command.json_object, default={}, help="options of the metric (JSON)")
    parser.add_argument("--conditions", type=json.loads, default=[], help="conditions of the inputs, in order (JSON)")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--output", required=True, help="map artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    device = devices.choose(arguments.device)
    populations = population.load_sweep(
        arguments.networks, arguments.trials, device=device, conditions=arguments.conditions
    )
    within = [store.read(path, PAIR_METRIC) for path in arguments.metrics]
    condition, metric = populations[0].condition, Plugin("metrics", arguments.metric)
    options = metric.complete(arguments.options, arguments.metric)
    files = dict(zip(arguments.metrics, (one.attrs for one in within), strict=True))
    joined.have(files, metric=arguments.metric, options=dumps(options))
    joined.in_order(files, [one.condition for one in populations])
    for one, (path, attributes) in zip(populations, files.items(), strict=True):
        joined.made_from({path: attributes}, one.inputs, whole=True)
    read = (*(one.inputs for one in populations), contents(files.values()))
    loaded = [plugin for one in populations for plugin in (*tasks_of(one.condition), *cells_of(one.condition))]
    code = code_of(__file__, *loaded, metric, planned=arguments.code)
    made = origin({"factor": arguments.factor}, code, *read)
    made |= {"metric": arguments.metric, "metric_options": dumps(options), "factor": arguments.factor}
    made |= {"levels": dumps([level_of(one.condition, arguments.factor) for one in populations])}
    if store.reuse(arguments.output, MAP, condition, **made):
        return
    result = network_map.place(arguments.metric, populations, within, arguments.factor, options)
    store.write(arguments.output, MAP, result, condition, devices.name_of(device), watch.seconds, **made)


if __name__ == "__main__":
    command.run(main)
