"""Write the page of an experiment: its findings in words, its table of directions and its figures, in one HTML file."""

from pathlib import Path

import yaml

from degeneracy import command
from degeneracy.artifacts.atomic import whole
from degeneracy.experiment.needs import Needs
from degeneracy.experiment.resolve import resolve
from degeneracy.plugins.code_hash import code_of
from degeneracy.report.page import page

SCHEMA = Path(__file__).resolve().parents[1] / "schemas" / "config.schema.yaml"


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--config", type=command.json_object, required=True, help="configuration of the experiment")
    parser.add_argument("--command", default="snakemake --cores 2", help="command that runs it, as the page shows it")
    parser.add_argument("--output", required=True, help="page to write (HTML)")
    arguments = parser.parse_args()
    code_of(__file__, planned=arguments.code)
    needs = Needs(resolve(arguments.config, yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))))
    text = page(needs, arguments.config, arguments.command)
    with whole(arguments.output) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    command.run(main)
