"""Draw one figure of a sweep, or of a whole experiment, from its artifacts."""

from degeneracy import command
from degeneracy.drawing import style, sweeps
from degeneracy.drawing.figure import draw
from degeneracy.errors import UserError
from degeneracy.plugins.discovery import Plugin
from degeneracy.plugins.figure_contract import figure_contract


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("figure", help="name of the figure (a file in degeneracy/figures)")
    parser.add_argument(
        "--artifacts",
        type=command.json_object,
        required=True,
        help='JSON: {"sweeps": {NAME: {"factor": "task.channels", "artifacts": [PATH, ...]}}, "directions": PATH}, '
        "networks in the order of the levels; either key may be missing",
    )
    parser.add_argument("--options", type=command.json_object, default={}, help="options of the figure (JSON)")
    parser.add_argument("--output", nargs="+", required=True, help="files to write; their endings give the format")
    arguments = parser.parse_args()
    options = Plugin("figures", arguments.figure).complete(arguments.options, arguments.figure)
    shown = sweeps.load_experiment(arguments.artifacts)
    if figure_contract(arguments.figure).scope != "experiment":
        if len(shown.sweeps) != 1:
            raise UserError(f"--artifacts: given {len(shown.sweeps)} sweeps, {arguments.figure} is a figure of one")
        (shown,) = shown.sweeps.values()
    with style.applied():
        style.save(draw(arguments.figure, shown, **options), arguments.output)


if __name__ == "__main__":
    command.run(main)
