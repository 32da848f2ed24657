"""List every condition of an experiment with its options, its networks and the paths of its artifacts."""

from pathlib import Path

import yaml

from degeneracy import command
from degeneracy.artifacts.atomic import whole
from degeneracy.experiment import index
from degeneracy.experiment.resolve import resolve
from degeneracy.plugins.code_hash import code_of
from degeneracy.status import Status

SCHEMA = Path(__file__).resolve().parents[1] / "schemas" / "config.schema.yaml"


def counts(row: dict[str, str]) -> dict[str, int]:
    """Number of networks of a condition, and of those that converged."""
    import netCDF4  # once `artifacts` has told HDF5 to do without locks

    status: list[int] = []
    for name in row["networks_files"].split():
        with netCDF4.Dataset(Path(row["folder"]) / name) as data:
            status += data["status"][:].tolist()
    return {"networks": len(status), "converged": status.count(Status.CONVERGED)}


def main() -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--config", type=command.json_object, required=True, help="configuration of the experiment")
    parser.add_argument("--output", required=True, help="table to write, as comma-separated values")
    arguments = parser.parse_args()
    code_of(__file__, planned=arguments.code)
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    rows = index.rows(resolve(arguments.config, schema), schema)
    with whole(arguments.output) as temporary:
        temporary.write_text(index.table(rows, [counts(row) for row in rows]), encoding="utf-8")


if __name__ == "__main__":
    command.run(main)
