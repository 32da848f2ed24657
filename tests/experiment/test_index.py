"""The index lists every condition with its options, its networks and its artifacts."""

import subprocess
import sys
from pathlib import Path

import netCDF4
import pytest

from conftest import SCHEMA, SCRIPTS
from degeneracy.experiment import index
from degeneracy.experiment.condition import dumps
from degeneracy.experiment.resolve import resolve
from degeneracy.status import Status


@pytest.fixture
def experiment(tiny):
    """The tiny experiment with a second sweep, of a word, that shares a condition with the first."""
    steps = {"task": "flip_flop", "factor": "model.activation", "levels": ["tanh", "relu"]}
    tiny["sweeps"]["activation"] = steps
    return tiny


def test_rows_read_back_are_the_conditions(experiment, tmp_path):
    resolved = resolve(experiment, SCHEMA)
    rows = index.rows(resolved, SCHEMA)
    path = tmp_path / "results" / "index.csv"
    path.parent.mkdir()
    path.write_text(index.table(rows, [{"networks": 2, "converged": number} for number in range(3)]))
    found = index.conditions(path)
    assert [one.options["task.channels"] for one in found] == [2, 3, 3]
    assert [one.options["model.activation"] for one in found] == ["tanh", "relu", "tanh"]  # sorted by name
    assert [one.sweeps for one in found] == [("channels",), ("activation",), ("channels", "activation")]
    assert [(one.networks, one.converged) for one in found] == [(2, 0), (2, 1), (2, 2)]
    assert "task.pulse_probability" not in found[0].options  # the default in all of them
    folder = tmp_path / "results" / "flip_flop" / resolved.conditions[0].name  # that of 2 channels
    assert found[0].folder == folder and found[0].metrics["dsa"] == folder / "metrics" / "dsa.nc"
    blocks = "seeds-000-000.nc", "seeds-001-001.nc"
    assert found[0].networks_files == tuple(folder / "networks" / block for block in blocks)
    assert found[0].fixed_points_files == tuple(folder / "fixed_points" / block for block in blocks)
    assert found[0].trials.parent == tmp_path / "results" / "trials" / "flip_flop"


def test_fixed_points_are_listed_where_a_metric_uses_them(tiny):
    (first, *_) = index.rows(resolve(tiny | {"metrics": ["ood_loss"]}, SCHEMA), SCHEMA)
    assert first["fixed_points_files"] == "" and first["metrics_files"] == "metrics/ood_loss.nc"


def test_the_script_counts_the_networks_in_the_files(tiny, tmp_path):
    statuses = iter([Status.CONVERGED, Status.NOT_CONVERGED, Status.CONVERGED, Status.CONVERGED])
    for row in index.rows(resolve(tiny, SCHEMA), SCHEMA):
        for name in row["networks_files"].split():
            path = tmp_path / row["folder"] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with netCDF4.Dataset(path, "w") as data:
                data.createDimension("network", 1)
                data.createVariable("status", "i4", ("network",))[:] = int(next(statuses))
    command = [sys.executable, SCRIPTS / "write_index.py", "--config", dumps(tiny), "--output", "results/index.csv"]
    subprocess.run(command, cwd=tmp_path, check=True)
    found = index.conditions(tmp_path / "results" / "index.csv")
    assert [(one.networks, one.converged) for one in found] == [(2, 1), (2, 2)]
    assert all(isinstance(path, Path) and path.is_file() for one in found for path in one.networks_files)
