"""Train networks of a condition in random subspaces of one dimension."""

from degeneracy import command, devices
from degeneracy.artifacts import store
from degeneracy.artifacts.origin import origin
from degeneracy.plugins.code_hash import code_of
from degeneracy.plugins.discovery import cell_of, tasks_of
from degeneracy.subspaces.schema import SUBSPACES
from degeneracy.subspaces.training import train


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--condition", type=command.json_object, required=True, help="resolved condition (JSON)")
    parser.add_argument("--dimension", type=int, required=True, help="dimension of the subspaces")
    parser.add_argument("--seeds", type=int, required=True, help="number of networks, of seeds 0, 1, …")
    parser.add_argument("--epochs", type=int, required=True, help="largest number of epochs")
    parser.add_argument("--output", required=True, help="subspaces artifact to write")
    arguments = parser.parse_args()
    watch, condition = command.Stopwatch(), arguments.condition
    devices.use_one_thread()
    options = {name: getattr(arguments, name) for name in ("dimension", "seeds", "epochs")}
    code = code_of(__file__, *tasks_of(condition), cell_of(condition), planned=arguments.code)
    made = origin(options, code)
    if store.reuse(arguments.output, SUBSPACES, condition, **made):
        return
    found = train(condition, range(arguments.seeds), arguments.dimension, arguments.epochs)
    store.write(arguments.output, SUBSPACES, found, condition, "cpu", watch.seconds, **made)


if __name__ == "__main__":
    command.run(main)
