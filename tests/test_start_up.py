"""What a stage script does not load: each library takes a tenth of a second to a second of every job."""

import re
import subprocess
import sys

import pytest
import torch

from conftest import SCRIPTS, make_condition
from degeneracy.artifacts import store
from degeneracy.networks import training
from degeneracy.networks.schema import NETWORKS
from degeneracy.trials.generate import generate
from degeneracy.trials.schema import TRIALS

LIBRARIES = ("torch", "numba", "triton", "matplotlib", "sklearn", "scipy", "xarray")
# of those that a script needs at its start, whatever its job is
NEEDED = {
    "compute_complexity": {"sklearn", "scipy", "xarray"},
    "compute_crossed": {"scipy", "xarray"},
    "compute_directions": {"scipy", "xarray"},
    "compute_mantel": {"scipy", "xarray"},
    "compute_map": {"sklearn", "scipy", "xarray"},
    "compute_metric": {"xarray"},
    "compute_power": {"scipy", "xarray"},
    "compute_statistics": {"scipy", "xarray"},
    "draw_figure": {"matplotlib", "xarray"},
    "find_fixed_points": {"torch", "scipy", "xarray"},
    "generate_trials": {"xarray"},
    "import_networks": {"xarray"},
    "train_networks": {"torch", "xarray"},
    "write_metrics": {"xarray"},
    "write_page": {"xarray"},
}


def loaded(script: str, *arguments: str) -> set[str]:
    """Those of the LIBRARIES that a run of a script imports."""
    command = [sys.executable, "-X", "importtime", SCRIPTS / f"{script}.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(re.findall(rf"\| +({'|'.join(LIBRARIES)})$", done.stderr, re.MULTILINE))


@pytest.mark.parametrize("script", NEEDED)
def test_a_script_starts_with_the_libraries_that_it_needs(script):
    assert loaded(script, "--help") <= NEEDED[script]


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    """Paths of tiny networks and of their trials."""
    folder, condition = tmp_path_factory.mktemp("artifacts"), make_condition()
    groups = generate(condition)
    store.write(folder / "trials.nc", TRIALS, groups, condition, "cpu", 0.0)
    networks = training.train(condition, [0, 1], groups["train"], torch.device("cpu"), report=lambda line: None)
    store.write(folder / "networks.nc", NETWORKS, networks, condition, "cpu", 0.0, **networks.attrs)
    return folder / "networks.nc", folder / "trials.nc"


@pytest.mark.skipif(torch.cuda.is_available(), reason="where a GPU may be used, torch is asked for it")
@pytest.mark.parametrize("metric, compiler", [("weight_change", set()), ("permutation_distance", {"numba"})])
def test_a_metric_of_weights_needs_no_torch(metric, compiler, artifacts, tmp_path):
    networks, trials = artifacts
    given = ["--networks", networks, "--trials", trials, "--output", tmp_path / "metric.nc"]
    assert loaded("compute_metric", metric, *given) & {"torch", "numba", "matplotlib", "sklearn"} == compiler


def test_a_metric_that_compares_weights_loads_the_compiler_for_its_first_pair():
    line = "import sys; import degeneracy.metrics.permutation_distance; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", line], env={"PYTHONPATH": str(SCRIPTS)}).returncode == 0


def test_a_metric_of_states_needs_no_compiler_and_no_figures(artifacts, tmp_path):
    networks, trials = artifacts
    given = ["--networks", networks, "--trials", trials, "--output", tmp_path / "metric.nc"]
    found = loaded("compute_metric", "ood_loss", *given)
    assert "torch" in found and not found & {"numba", "triton", "matplotlib", "sklearn"}
