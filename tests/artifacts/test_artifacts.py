import ast
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

import degeneracy
from degeneracy.artifacts import atomic, store
from degeneracy.artifacts.schema import ArtifactError, Schema
from degeneracy.experiment import paths, records
from degeneracy.measurement.schema import NETWORK_METRIC

SCRIPTS = Path(degeneracy.__file__).parents[1]
NAMED = {"long_name": "x", "units": "1"}
CONDITION = {"task": {"name": "flip_flop"}}


def metric(values):
    status = np.ones(len(values), np.int8)
    return xr.Dataset({"value": ("network", values, NAMED), "status": ("network", status, NAMED)})


def save(path, data, **attributes):
    store.write(path, NETWORK_METRIC, data, CONDITION, "cpu", 1.5, **attributes)


def test_what_is_written_is_read_back_with_its_provenance(tmp_path):
    path = tmp_path / "deep" / "metric.nc"
    save(path, metric(np.array([1.0, np.nan])), metric="x")
    data = store.read(path, NETWORK_METRIC)
    assert np.array_equal(data["value"], [1.0, np.nan], equal_nan=True)
    assert data.attrs["condition"] == '{"task": {"name": "flip_flop"}}'
    assert {"degeneracy_version", "git_commit", "torch_version", "numpy_version", "device", "wall_time_s"} <= set(
        data.attrs
    )
    assert os.listdir(path.parent) == ["metric.nc"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the kernels of this test are those of x86")
@pytest.mark.parametrize("kernels", ["Haswell", "Sandybridge"])
def test_the_cpu_and_the_blas_kernels_that_were_used_are_recorded(tmp_path, kernels):
    program = f"""
import sys; sys.path.insert(0, {str(SCRIPTS)!r})
import numpy
from degeneracy.artifacts.provenance import machine
before = machine()
import scipy.linalg, torch
print(before, machine(), sep="\\n")
"""
    environment = os.environ | {"OPENBLAS_CORETYPE": kernels, "ATEN_CPU_CAPABILITY": "default"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    before, after = map(ast.literal_eval, done.stdout.splitlines())
    assert before["cpu_model"] == after["cpu_model"] != ""
    assert kernels in before["blas_kernels"] and "torch" not in before["blas_kernels"]
    assert "torch DEFAULT" in after["blas_kernels"]
    save(tmp_path / "metric.nc", metric(np.ones(2)))
    attributes = store.attributes_of(tmp_path / "metric.nc")
    assert attributes["cpu_model"] == before["cpu_model"] and "openblas" in attributes["blas_kernels"]


def test_truncated_damaged_foreign_and_missing_files_are_one_sentence(tmp_path):
    path = tmp_path / "metric.nc"
    save(path, metric(np.random.default_rng(0).random(5000)))
    whole = path.read_bytes()
    damaged = bytearray(whole)
    middle = len(whole) // 2
    damaged[middle : middle + 8] = bytes(8)
    for content in (whole[: len(whole) // 2], whole[:-10], bytes(damaged), b"hello", b""):
        path.write_bytes(content)
        with pytest.raises(ArtifactError, match=r"metric\.nc.*delete it and run snakemake again") as caught:
            store.read(path, NETWORK_METRIC)
        assert "\n" not in str(caught.value)
    xr.Dataset({"value": ("x", [1.0])}).to_netcdf(path)
    with pytest.raises(ArtifactError, match="is no artifact of this project, must be a network metric"):
        store.read(path, NETWORK_METRIC)
    with pytest.raises(ArtifactError, match="there is no such file"):
        store.read(tmp_path / "other.nc", NETWORK_METRIC)


def test_an_artifact_of_the_right_kind_with_wrong_contents_is_refused(tmp_path):
    path, whole = tmp_path / "metric.nc", metric(np.ones(3))
    for data, said in (
        (whole.drop_vars("value"), "without the variable value"),
        (metric(np.ones(3, int)), r"variable value is .* of int64"),
    ):
        store.write(path, Schema(NETWORK_METRIC.kind, {}), data, CONDITION, "cpu", 0.0)
        with pytest.raises(ArtifactError, match=said):
            store.read(path, NETWORK_METRIC)


def test_a_writer_must_name_and_measure_its_variables(tmp_path):
    with pytest.raises(ValueError, match=r"needs the attributes long_name and units|has no units"):
        save(tmp_path / "metric.nc", metric(np.ones(3)).assign(extra=("network", np.ones(3))))
    assert not os.listdir(tmp_path)


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "metric.nc"
    save(path, metric(np.ones(3)))
    monkeypatch.setattr(atomic.os, "replace", lambda *paths: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save(path, metric(np.zeros(3)))
    assert np.all(store.read(path, NETWORK_METRIC)["value"] == 1)
    assert os.listdir(tmp_path) == ["metric.nc"]


def test_a_killed_writer_leaves_no_artifact(tmp_path):
    path = tmp_path / "metric.nc"
    program = f"""
import sys; sys.path.insert(0, {str(SCRIPTS)!r})
import os, signal, numpy, xarray
from degeneracy.artifacts import atomic, store
from degeneracy.measurement.schema import NETWORK_METRIC
named = {NAMED!r}
data = xarray.Dataset({{"value": ("network", numpy.ones(9), named), "status": ("network", numpy.ones(9, "i1"), named)}})
atomic.os.replace = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)
store.write({str(path)!r}, NETWORK_METRIC, data, {{}}, "cpu", 0.0)
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=60)
    time.sleep(0.1)
    assert done.returncode == -9
    assert not path.exists()
    assert all(name.startswith(".metric.nc.") and name.endswith(".tmp") for name in os.listdir(tmp_path))


@pytest.mark.parametrize("removed", [False, True], ids=["there", "kept"])
def test_an_artifact_of_the_same_description_is_not_made_again(tmp_path, removed):
    path = tmp_path / "metric.nc"
    save(path, metric(np.ones(3)), options="{}", code="abc")
    os.utime(path, (0, 0))
    records.keep([str(path)])
    if removed:
        path.unlink()
    assert not store.reuse(path, NETWORK_METRIC, CONDITION, options="{}", code="other")
    assert not store.reuse(path, NETWORK_METRIC, {}, options="{}", code="abc")
    assert path.exists() is not removed
    assert store.reuse(path, NETWORK_METRIC, CONDITION, options="{}", code="abc")
    assert time.time() - path.stat().st_mtime < 60
    assert os.listdir(tmp_path) == ["metric.nc"]


def test_a_damaged_artifact_is_made_again(tmp_path):
    path, said = tmp_path / "metric.nc", []
    save(path, metric(np.ones(3)), code="abc")
    with netCDF4.Dataset(path, "a") as file:
        file["value"][0] = 2.0
    assert not store.reuse(path, NETWORK_METRIC, CONDITION, said.append, code="abc")
    assert len(said) == 1 and "damaged" in said[0]


def test_what_was_kept_goes_once_it_is_made_again(tmp_path):
    path = tmp_path / "metric.nc"
    save(path, metric(np.ones(3)))
    records.keep([str(path)])
    assert paths.kept(path).exists()
    save(path, metric(np.zeros(3)))
    assert os.listdir(tmp_path) == ["metric.nc"]
