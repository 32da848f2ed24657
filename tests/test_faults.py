"""What a run meets on real machines: killed jobs, full and read-only disks, locked files, odd places."""

import os
import signal
import subprocess
import sys
import time

import netCDF4
import numpy as np
import pytest
import xarray as xr

from benchmarks.kill_loop import kill_loop
from conftest import SCRIPTS, TINY
from degeneracy.artifacts import store
from degeneracy.measurement.schema import NETWORK_METRIC
from runs import (
    SNAKEMAKE,
    clean_copy,
    differing,
    environment,
    made_once,
    planned,
    shared_folder,
    snakemake,
    write_config,
)

SMALL = TINY | {
    "seeds_per_job": 2,
    "metrics": ["weight_change"],
    "figures": ["degeneracy"],
    "sweeps": {"channels": TINY["sweeps"]["channels"] | {"levels": [2]}},  # a job of each rule
}
NAMED = {"long_name": "x", "units": "1"}


def prepared(project):
    """A copy of the project with a tiny experiment."""
    clean_copy(project)
    write_config(project, SMALL)
    return project


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """A project in which the tiny experiment has run without a fault, once for all workers."""
    return made_once(
        shared_folder(tmp_path_factory) / "undisturbed" / "project", lambda project: snakemake(prepared(project))
    )


@pytest.fixture
def small_disk(tmp_path):
    """A function that makes a folder a disk of its own, of a size such as 128k; taken away at the end."""
    mounted = []

    def mount(folder, *options):
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", folder], capture_output=True)
        if done.returncode:
            pytest.skip("file systems cannot be mounted here")
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


def test_killed_jobs_and_killed_runs_lose_nothing(tmp_path):
    struck, lost = kill_loop(tmp_path, kills=4, seed=1)
    assert sum(struck.values()) == 4 and lost == []


def test_a_full_disk_is_a_sentence_and_once_there_is_room_nothing_is_missing(undisturbed, tmp_path, small_disk):
    project = prepared(tmp_path / "project")
    small_disk(project / "results", "size=64k")
    output = snakemake(project, check=False)
    assert "cannot be written" in output and "0.0 MB are free there); mend that and run snakemake again" in output
    assert not list(project.glob("results/**/*.tmp"))
    subprocess.run(["mount", "-o", "remount,size=100m", project / "results"], check=True)
    snakemake(project)
    assert differing(undisturbed, project) == []


def test_a_read_only_results_folder_is_a_sentence(tmp_path, small_disk):
    project = prepared(tmp_path / "project")
    small_disk(project / "results", "ro")
    assert "Read-only file system" in snakemake(project, check=False)
    with pytest.raises(
        OSError, match=r"metric\.nc: cannot be written \((Read-only file system|Permission denied); .* MB are free"
    ):
        save(project / "results" / "metric.nc", 1.0)


def save(path, value):
    data = xr.Dataset({"value": ("network", np.full(5000, value), NAMED), "status": ("network", [1] * 5000, NAMED)})
    store.write(path, NETWORK_METRIC, data, {}, "cpu", 0.0)


def test_an_artifact_that_a_reader_holds_open_is_replaced_under_it(tmp_path):
    path = tmp_path / "metric.nc"
    save(path, 1.0)
    with netCDF4.Dataset(path) as reader:
        save(path, 2.0)
        assert np.all(reader["value"][:] == 1)
        assert np.all(store.read(path, NETWORK_METRIC)["value"] == 2)


def test_an_artifact_that_another_program_writes_to_is_not_called_truncated(tmp_path):
    path = tmp_path / "metric.nc"
    save(path, 1.0)
    with netCDF4.Dataset(path, "a"):
        program = (
            "from degeneracy.artifacts import store; from degeneracy.measurement.schema import NETWORK_METRIC\n"
            f"store.read({str(path)!r}, NETWORK_METRIC)"
        )
        folder = str(SCRIPTS)
        done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True)
    assert "metric.nc: another program has it open for writing; close it there and run again" in done.stderr
    assert np.all(store.read(path, NETWORK_METRIC)["value"] == 1)


def test_two_runs_in_one_folder_do_not_mix(undisturbed, tmp_path):
    project = prepared(tmp_path / "project")
    first = subprocess.Popen([*SNAKEMAKE, "--cores", "1"], cwd=project, env=environment(), stderr=subprocess.DEVNULL)
    while not list(project.glob(".snakemake/locks/*")):
        time.sleep(0.05)
    output = snakemake(project, check=False)
    # the latter where the first is in the middle of a job when the second looks
    assert "Directory cannot be locked" in output or "Incomplete files" in output
    assert first.wait(timeout=300) == 0
    assert differing(undisturbed, project) == []


def test_a_job_told_to_end_leaves_nothing_half_written(tmp_path):
    program = (
        "import sys, time; from degeneracy import command; from degeneracy.artifacts import atomic\n"
        "def main():\n"
        "    with atomic.whole(sys.argv[1]) as temporary:\n"
        "        temporary.write_text('half'); print('writing', flush=True); time.sleep(60)\n"
        "command.run(main)"
    )
    folder = str(SCRIPTS)
    command = [sys.executable, "-c", program, tmp_path / "metric.nc"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout.readline() == "writing\n"
        job.terminate()
        assert job.wait() == 128 + signal.SIGTERM
    assert os.listdir(tmp_path) == []


def test_two_writers_of_one_artifact_leave_one_of_theirs_whole(tmp_path):
    path = tmp_path / "metric.nc"
    program = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "from pathlib import Path; from test_faults import save\n"
        "for _ in range(20): save(Path(sys.argv[3]), float(sys.argv[4]))"
    )
    tests, scripts = os.path.dirname(__file__), str(SCRIPTS)
    writers = [subprocess.Popen([sys.executable, "-c", program, tests, scripts, path, str(value)]) for value in (1, 2)]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            seen |= set(store.read(path, NETWORK_METRIC)["value"].values)
    assert [writer.wait() for writer in writers] == [0, 0]
    assert seen <= {1.0, 2.0} and os.listdir(tmp_path) == ["metric.nc"]


def test_a_path_with_spaces_quotes_and_other_alphabets(undisturbed, tmp_path):
    project = prepared(tmp_path / "naïve 'clone' of $HOME; π" / "project (1)")
    snakemake(project)
    assert differing(undisturbed, project) == []
    assert planned(project) == {}


def test_results_on_another_disk_through_a_link(undisturbed, tmp_path, small_disk):
    project = prepared(tmp_path / "project")
    small_disk(tmp_path / "scratch", "size=100m")
    (project / "results").symlink_to(tmp_path / "scratch")
    snakemake(project)
    assert differing(undisturbed, project) == []
    assert (tmp_path / "scratch" / "figures").is_dir() and (project / "results").is_symlink()


def test_another_working_directory(undisturbed, tmp_path):
    project, elsewhere = prepared(tmp_path / "project"), tmp_path / "else where"
    elsewhere.mkdir()
    snakemake(project, "--directory", str(elsewhere))
    assert differing(undisturbed, elsewhere) == []
    assert not (project / "results").exists()
