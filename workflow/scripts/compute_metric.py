"""Compute one metric on a population."""

from degeneracy import command, devices
from degeneracy.artifacts import store
from degeneracy.artifacts.origin import origin
from degeneracy.errors import UserError
from degeneracy.measurement.measure import measure
from degeneracy.measurement.schema import schema_of
from degeneracy.networks import population
from degeneracy.plugins.code_hash import code_of
from degeneracy.plugins.discovery import Plugin, cells_of, tasks_of


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("metric", help="name of the metric (a file in degeneracy/metrics)")
    parser.add_argument("--networks", nargs="+", required=True, help="networks artifacts of one condition")
    parser.add_argument("--trials", help="trials artifact of the same condition, if it has trials")
    parser.add_argument(
        "--fixed-points", nargs="*", default=[], help="fixed-points artifacts, for metrics that use them"
    )
    parser.add_argument("--options", type=command.json_object, default={}, help="options of the metric (JSON)")
    parser.add_argument("--condition", type=command.json_object, help="condition that the inputs must be of (JSON)")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--output", required=True, help="metric artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    device = devices.choose(arguments.device)
    metric = Plugin("metrics", arguments.metric)
    if "fixed_points" in metric.constant("USES", ()) and not arguments.fixed_points:
        raise UserError(f"{arguments.metric}: uses fixed points, give their artifacts with --fixed-points")
    networks = population.load(
        arguments.networks, arguments.trials, arguments.fixed_points, device, arguments.condition
    )
    options = metric.complete(arguments.options, arguments.metric)
    condition = networks.condition
    code = code_of(__file__, *tasks_of(condition), *cells_of(condition), metric, planned=arguments.code)
    made = origin(options, code, networks.inputs)
    made |= {"metric": arguments.metric, "level": metric.constant("LEVEL", "")}
    schema = schema_of(metric)
    if store.reuse(arguments.output, schema, condition, **made):
        return
    result = measure(arguments.metric, networks, options)
    store.write(arguments.output, schema, result, condition, devices.name_of(device), watch.seconds, **made)


if __name__ == "__main__":
    command.run(main)
