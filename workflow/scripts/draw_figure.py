"""Draw one figure of a sweep from its artifacts."""

from degeneracy import command, style, sweeps, units


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("figure", help="name of the figure (a file in degeneracy/figures)")
    parser.add_argument("--factor", required=True, help="what the sweep varies, such as task.channels")
    parser.add_argument("--artifacts", nargs="+", required=True, help="artifacts the figure reads, levels in order")
    parser.add_argument("--options", type=command.json_object, default={}, help="options of the figure (JSON)")
    parser.add_argument("--output", nargs="+", required=True, help="files to write, their endings say the format")
    arguments = parser.parse_args()
    options = units.resolve_options("figures", arguments.figure, arguments.options, arguments.figure)
    sweep = sweeps.load(arguments.factor, arguments.artifacts)
    with style.applied():
        style.save(units.load("figures", arguments.figure).draw(sweep, **options), arguments.output)


if __name__ == "__main__":
    command.run(main)
