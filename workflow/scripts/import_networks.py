"""Import networks or activity that were made elsewhere, from the files of a condition."""

from degeneracy import command
from degeneracy.artifacts import store
from degeneracy.artifacts.origin import origin
from degeneracy.interface.importing import imported
from degeneracy.networks.schema import NETWORKS
from degeneracy.plugins.code_hash import code_of
from degeneracy.plugins.discovery import cells_of, tasks_of


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--condition", type=command.json_object, required=True, help="resolved condition (JSON)")
    parser.add_argument("--output", required=True, help="networks artifact to write")
    arguments = parser.parse_args()
    watch = command.Stopwatch()
    condition = arguments.condition
    code = code_of(__file__, *tasks_of(condition), *cells_of(condition), planned=arguments.code)
    made = origin({}, code)
    if store.reuse(arguments.output, NETWORKS, condition, **made):
        return
    networks = imported(condition)
    store.write(arguments.output, NETWORKS, networks, condition, "cpu", watch.seconds, imported=1, **made)


if __name__ == "__main__":
    command.run(main)
