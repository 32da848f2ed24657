"""Tabulate and draw the intrinsic dimension of each condition, from networks trained in random subspaces."""

from degeneracy import command
from degeneracy.artifacts import store
from degeneracy.artifacts.atomic import write_table
from degeneracy.drawing import style
from degeneracy.networks.schema import NETWORKS
from degeneracy.plugins.code_hash import code_of
from degeneracy.subspaces import dimension, drawing
from degeneracy.subspaces.schema import SUBSPACES


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument(
        "--artifacts",
        type=command.json_object,
        required=True,
        help='JSON: {"TASK/CONDITION": {"subspaces": [PATH, ...], "networks": [PATH, ...]}}',
    )
    parser.add_argument("--output", required=True, help="table to write, as comma-separated values")
    parser.add_argument("--figure", nargs="+", required=True, help="files of the figure; their endings give the format")
    arguments = parser.parse_args()
    code_of(__file__, planned=arguments.code)
    kinds = {"subspaces": SUBSPACES, "networks": NETWORKS}
    conditions = {
        name: {kind: [store.read(path, schema) for path in files[kind]] for kind, schema in kinds.items()}
        for name, files in arguments.artifacts.items()
    }
    rows = [
        dict(zip(("task", "condition"), name.split("/"), strict=True)) | dimension.row(**read)
        for name, read in conditions.items()
    ]
    write_table(arguments.output, dimension.COLUMNS, rows)
    with style.applied():
        style.save(drawing.draw(conditions), arguments.figure)


if __name__ == "__main__":
    command.run(main)
