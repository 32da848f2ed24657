"""Draw one figure of a sweep, or of a whole experiment, from its artifacts."""

from degeneracy import command
from degeneracy.drawing import style, sweeps
from degeneracy.errors import UserError
from degeneracy.plugins.contracts import figure_contract
from degeneracy.plugins.discovery import Plugin


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("figure", help="name of the figure (a file in degeneracy/figures)")
    parser.add_argument(
        "--sweep",
        nargs="+",
        action="append",
        default=[],
        help="name, factor (such as task.channels) and artifacts of a sweep, levels in order; may be repeated",
    )
    parser.add_argument("--directions", help="table of directions, for figures that read it")
    parser.add_argument("--options", type=command.json_object, default={}, help="options of the figure (JSON)")
    parser.add_argument("--output", nargs="+", required=True, help="files to write, their endings say the format")
    arguments = parser.parse_args()
    figure = Plugin("figures", arguments.figure)
    options = figure.complete(arguments.options, arguments.figure)
    shown = sweeps.load_experiment(arguments.sweep, arguments.directions)
    if figure_contract(arguments.figure).scope != "experiment":
        if len(shown.sweeps) != 1:
            raise UserError(f"--sweep: given {len(shown.sweeps)} sweeps, {arguments.figure} is a figure of one")
        (shown,) = shown.sweeps.values()
    with style.applied():
        style.save(figure.load().draw(shown, **options), arguments.output)


if __name__ == "__main__":
    command.run(main)
