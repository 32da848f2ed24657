"""What a run meets on real machines: killed jobs, full and read-only disks, locked files, odd places."""

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import netCDF4
import numpy as np
import pytest
import xarray as xr

from benchmarks.kill_loop import kill_loop
from conftest import SCHEMA, SCRIPTS, TINY
from degeneracy.artifacts import LOCKING, atomic, store
from degeneracy.experiment import targets
from degeneracy.experiment.needs import Needs, trials
from degeneracy.experiment.resolve import resolve
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


def test_killed_jobs_and_killed_runs_lose_nothing(undisturbed, tmp_path):
    struck, lost = kill_loop(tmp_path, undisturbed, prepared, kills=2, seed=1)
    assert sum(struck.values()) == 2 and lost == []


def test_a_full_disk_is_a_sentence_and_once_there_is_room_nothing_is_missing(undisturbed, tmp_path, small_disk):
    """The disk is another one than the project's, which a link leads to."""
    project, disk = prepared(tmp_path / "project"), tmp_path / "scratch"
    small_disk(disk, "size=64k")
    (project / "results").symlink_to(disk)
    output = snakemake(project, check=False)
    assert "cannot be written" in output and "0.0 MB are free there); mend that and run snakemake again" in output
    assert not list(project.glob("results/**/*.tmp"))
    subprocess.run(["mount", "-o", "remount,size=100m", disk], check=True)
    snakemake(project)
    assert differing(undisturbed, project) == []
    assert (disk / "figures").is_dir() and (project / "results").is_symlink()


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


def with_locks() -> dict[str, str]:
    """The environment of another program, in which HDF5 locks the files that it opens."""
    return {key: value for key, value in environment().items() if key != LOCKING}


def test_an_artifact_that_another_program_writes_to_is_not_called_truncated(tmp_path):
    path = tmp_path / "metric.nc"
    save(path, 1.0)
    program = "import netCDF4, sys; file = netCDF4.Dataset(sys.argv[1], 'a'); print('open', flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", program, path], env=with_locks(), **pipes) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(
            ValueError, match=r"metric\.nc: another program has it open for writing; close it there and"
        ):
            store.read(path, NETWORK_METRIC)
        other.communicate("\n")
    assert np.all(store.read(path, NETWORK_METRIC)["value"] == 1)


WITHOUT_LOCKS = "#include <errno.h>\nint flock(int file, int how) { errno = ENOLCK; return -1; }"
READ_AND_WRITE = """
import sys; sys.path[0] = sys.argv[1]
if sys.argv[3] == "netCDF4": import netCDF4
from degeneracy.artifacts import store; from degeneracy.measurement.schema import NETWORK_METRIC
data = NETWORK_METRIC.named(value=("x", "1")).build({"value": [2.0, 3.0], "status": [1, 1]})
store.write(sys.argv[2], NETWORK_METRIC, data, {}, "cpu", 0.0)
assert store.read(sys.argv[2], NETWORK_METRIC)["value"].values.tolist() == [2.0, 3.0]
"""


@pytest.fixture
def without_locks(tmp_path):
    """A function that writes and reads an artifact on what looks like a disk without locks; returns what it says."""
    (tmp_path / "locks.c").write_text(WITHOUT_LOCKS)
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "locks.so", tmp_path / "locks.c"], check=True)
    except OSError:
        pytest.skip("there is no compiler here")

    def run(first=""):
        arguments = [SCRIPTS, tmp_path / "metric.nc", first]
        command, preloaded = [sys.executable, "-c", READ_AND_WRITE, *arguments], {"LD_PRELOAD": tmp_path / "locks.so"}
        return subprocess.run(command, env=with_locks() | preloaded, capture_output=True, text=True).stderr

    return run


def test_a_disk_without_locks_is_a_disk_like_others(without_locks):
    assert without_locks() == ""


def test_no_script_loads_netcdf_before_it_is_told_to_do_without_locks():
    scripts = [path for path in SCRIPTS.glob("*.py") if re.search(r"^(import|from) netCDF4", path.read_text(), re.M)]
    assert scripts == []


def test_a_disk_without_locks_is_named_if_it_is_too_late_to_do_without(without_locks):
    said = without_locks("netCDF4")
    assert "metric.nc: cannot be written (its disk has no file locks; set HDF5_USE_FILE_LOCKING=FALSE before" in said
    assert "delete" not in said


@pytest.mark.parametrize("fault", [PermissionError(errno.EACCES, "Permission denied"), OSError(errno.EIO, "I/O error")])
def test_only_a_damaged_file_is_to_be_deleted(fault, tmp_path, monkeypatch):
    path = tmp_path / "metric.nc"
    save(path, 1.0)

    def fails(*arguments, **options):
        raise fault

    with monkeypatch.context() as patched:
        patched.setattr(atomic, "open", fails, raising=False)
        with pytest.raises(
            ValueError, match=rf"metric\.nc: cannot be read \({fault.strerror}; the file may be sound\)"
        ):
            store.read(path, NETWORK_METRIC)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"is it truncated\? .*; delete it and run snakemake again"):
        store.read(path, NETWORK_METRIC)


def test_a_disk_fault_within_a_file_is_told_from_damage(tmp_path, monkeypatch):
    path = tmp_path / "metric.nc"
    path.write_bytes(bytes(3000))
    monkeypatch.setattr(
        store, "obstacle", lambda path, entirely=False: "cannot be read (I/O error)" if entirely else ""
    )
    with pytest.raises(ValueError, match=r"metric\.nc: cannot be read \(I/O error\)$"):
        store.read(path, NETWORK_METRIC)


def test_two_runs_in_one_working_directory_of_an_odd_name_do_not_mix(undisturbed, tmp_path):
    """Both the project and the directory have spaces, quotes and other alphabets in their names."""
    odd = tmp_path / "naïve 'clone' of $HOME; π"
    project, elsewhere = prepared(odd / "project (1)"), odd / "else where"
    elsewhere.mkdir()
    arguments = ("--directory", str(elsewhere))
    run = [*SNAKEMAKE, "--cores", "2", *arguments]
    first = subprocess.Popen(run, cwd=project, env=environment(), stderr=subprocess.DEVNULL)
    while not list(elsewhere.glob(".snakemake/locks/*")):
        time.sleep(0.05)
    output = snakemake(project, *arguments, check=False)
    # the latter where the first is in the middle of a job when the second looks
    assert "Directory cannot be locked" in output or "Incomplete files" in output
    assert first.wait(timeout=300) == 0
    assert differing(undisturbed, elsewhere) == [] and planned(project, *arguments) == {}
    assert not (project / "results").exists()


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


STRAY = ["metrics/.#summary.py", "metrics/._summary.py", "figures/loss_curves copy.py", "metrics/x (1).py"]
STRAY += ["tasks/$(touch executed).py", "cells/Kopie-1.py"]


def test_files_that_editors_and_systems_leave_are_ignored_and_a_doubtful_name_is_told(tmp_path):
    project = prepared(tmp_path / "project")
    package = project / "workflow" / "scripts" / "degeneracy"
    for name in STRAY:
        (package / name).write_bytes(b"\0 no Python")
    (package / "figures" / ".#summary.py").symlink_to("somebody@somewhere.1234")  # what Emacs leaves
    rules = project / "workflow" / "rules"
    for name in (".#index.smk", "._index.smk", "index copy.smk"):
        (rules / name).write_bytes(b"\0 no rules")
    (package / "metrics" / "mine.py").write_text("def value(population")  # half-written, and in no list
    output = snakemake(project, "-n")
    ignored = [line.partition(" is ignored: it must have a name of letters")[0] for line in output.splitlines()]
    told = {line.rpartition("/")[2] for line in ignored if line.startswith("workflow/")}
    assert told == {"loss_curves copy.py", "x (1).py", "$(touch executed).py", "Kopie-1.py", "index copy.smk"}
    write_config(project, SMALL | {"metrics": ["x (1)"]})
    said = snakemake(project, "-n", check=False)
    assert re.search(r"config\.yaml, line \d+: metrics: ", said) and "must have a name" in said
    write_config(project, SMALL | {"metrics": {"weight_change": {"rank": 3}}})
    said = snakemake(project, "-n", check=False)
    assert re.search(
        r'config\.yaml, line \d+: metrics\.weight_change: unknown key "rank": it is an option of dsa', said
    )
    assert "mine" not in said


TARGETS = {
    "results/figures/channels/weight_change/not_there.pdf": 'no figure "not_there". Allowed: degeneracy.',
    "results/figures/chanels/weight_change/degeneracy.pdf": 'no sweep "chanels"; did you mean "channels"?',
    "results/figures/channels/degeneracy.png": "did you mean results/figures/channels/weight_change/degeneracy.png?",
    "results/statistics/channels/dsa.nc": 'no metric "dsa". Allowed: weight_change.',
    "results/maps/channels/weight_change.nc": 'no map of "weight_change"',
    "results/trials/flipflop/x.nc": 'no task "flipflop"; did you mean "flip_flop"?',
    "results/trials/flip_flop/$(touch executed).nc": 'no trial set "$(touch executed)"',
    "results/flip_flop/default/metrics/weight_change.nc": 'no condition "default"',
}


def test_a_target_that_the_experiment_does_not_have_is_a_sentence_with_the_nearest_name(tmp_path):
    needs = Needs(resolve(SMALL, SCHEMA))
    for target, said in TARGETS.items():
        with pytest.raises(ValueError, match=re.escape(said)):
            targets.check([target], needs)
    targets.check(["-n", "results/report.html", "results/own/count.txt", *needs.figure_targets()], needs)
    output = snakemake(prepared(tmp_path / "project"), "-n", "results/statistics/chanels/weight_change.nc", check=False)
    assert 'this experiment has no sweep "chanels"; did you mean' in output and "KeyError" not in output


def first_trials():
    return trials(resolve(SMALL, SCHEMA).conditions[0])


def test_jobs_use_the_python_of_snakemake_whichever_is_first_on_the_path(tmp_path):
    project = prepared(tmp_path / "project")
    (tmp_path / "bin").mkdir()
    for name in ("python", "python3"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\necho 'another environment' >&2; exit 1\n")
        (tmp_path / "bin" / name).chmod(0o755)
    snakemake(project, first_trials(), first_on_path=tmp_path / "bin")
    assert planned(project, first_trials()) == {}


def test_a_killed_job_says_that_it_was_killed(tmp_path):
    project = prepared(tmp_path / "project")
    script = project / "workflow" / "scripts" / "generate_trials.py"
    killed = "    print('99 s left', flush=True)\n    import os\n    os.kill(os.getpid(), 9)\n    parser ="
    script.write_text(script.read_text().replace("    parser =", killed, 1))
    output = snakemake(project, first_trials(), check=False)
    assert "error: killed by signal 9 (9: often out of memory; 15: by a scheduler or a user)\n" in output
    assert "99 s left" not in output


def test_the_profile_of_a_cluster_where_there_is_none_is_a_sentence(tmp_path):
    project, commands = prepared(tmp_path / "project"), tmp_path / "bin"
    commands.mkdir()
    for name in ("bash", "sh", "which", "env", "git", "tail"):
        if shutil.which(name):
            (commands / name).symlink_to(shutil.which(name))
    run = [*SNAKEMAKE, "--cores", "1", "--profile", "slurm", "--configfile", "config.yaml"]
    done = subprocess.run(run, cwd=project, env=environment() | {"PATH": str(commands)}, capture_output=True, text=True)
    assert done.returncode and "--profile slurm: there is no Slurm here" in done.stderr
    assert "sacct" not in done.stderr


def test_without_records_the_artifacts_say_what_is_up_to_date(undisturbed, tmp_path):
    project = shutil.copytree(undisturbed, tmp_path / "moved")
    for record in (project / ".snakemake").rglob("*"):
        if record.is_file():
            record.unlink()
    write_config(project, SMALL | {"statistics": {"confidence": 0.5}})
    output = snakemake(project)
    assert "results have no record" in output and not list(project.glob("results/**/.*.kept"))
    assert planned(project) == {}
    logs = {path.parent.name: path.read_text() for path in project.glob("results/logs/**/*.log")}
    assert "2 networks are in" in logs["networks"] and "training" not in logs["networks"]
    assert "not computed again" in logs["metrics"] and "not computed again" not in logs["channels"]
    changed = [path for path in differing(undisturbed, project) if "/networks/" in path or "/metrics/" in path]
    (statistics,) = project.glob("results/statistics/channels/*.nc")
    assert changed == [] and store.attributes_of(statistics)["confidence"] == 0.5


def test_a_result_without_record_is_judged_whatever_is_asked_for(undisturbed, tmp_path):
    project = shutil.copytree(undisturbed, tmp_path / "project")
    assert planned(project) == {}
    (metric,) = (
        path.relative_to(project)
        for path in project.glob("results/**/weight_change.nc")
        if path.parent.name == "metrics"
    )
    shutil.rmtree(project / ".snakemake" / "metadata")
    assert planned(project, str(metric)) == {"compute_metric": 1, "generate_trials": 1, "train_networks": 1}
