"""Artifacts: the one writer and the one reader of the NetCDF files between stages."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import xarray as xr

import degeneracy
from degeneracy.condition import dumps

TEXT = "OUT"  # kinds of dtype of a variable of words, before and after it was written
# Variables every artifact of a kind must hold: dims and kinds of dtype (f float, i integer, b boolean).
SCHEMAS = {
    "trials": {
        "inputs": (("trial", "time", "input"), "f"),
        "targets": (("trial", "time", "output"), "f"),
        "mask": (("trial", "time"), "f"),
    },
    "complexity": {
        "input_entropy": ((), "f"),
        "target_entropy": ((), "f"),
        "target_dimension": ((), "f"),
        "memory_demand": ((), "f"),
        "explained_variance": (("window",), "f"),
    },
    "networks": {
        "loss": (("network", "epoch"), "f"),
        "epochs": (("network",), "i"),
        "epoch_reached": (("network",), "i"),
        "status": (("network",), "i"),
    },
    "checkpoint": {
        **dict.fromkeys(("parameters", "mean", "square", "final"), (("network", "parameter"), "f")),
        **dict.fromkeys(("rate", "best"), (("network",), "f")),
        **dict.fromkeys(("group", "epoch_of_group", "waited", "going", "epochs"), (("network",), "i")),
        "steps": (("network",), "f"),
        "loss": (("network", "epoch"), "f"),
    },
    "fixed_points": {
        "state": (("point", "unit"), "f"),
        "network": (("point",), "i"),
        "input": (("point", "input_channel"), "f"),
        "speed": (("point",), "f"),
        "converged": (("point",), "ib"),
        "eigenvalues_real": (("point", "unit"), "f"),
        "eigenvalues_imag": (("point", "unit"), "f"),
        "n_unstable": (("point",), "i"),
    },
    "network metric": {"value": (("network",), "f"), "status": (("network",), "i")},
    "pair metric": {
        "distance": (("network", "network_other"), "f"),
        "null": (("network",), "f"),
        "untrained_distance": (("network", "network_other"), "f"),
        "status": (("network",), "i"),
    },
    "statistics": {
        "measure_unit": (("measure",), TEXT),
        "degeneracy": (("level", "measure"), "f"),
        "standard_error": (("level", "measure"), "f"),
        "floor": (("level", "measure"), "f"),
        "ceiling": (("level", "measure"), "f"),
        "bound": (("level", "measure"), "f"),
        "contribution": (("level", "measure", "network"), "f"),
        "trend": (("measure",), "f"),
        "trend_low": (("measure",), "f"),
        "trend_high": (("measure",), "f"),
        "trend_p": (("measure",), "f"),
        "trend_permutation_p": (("measure",), "f"),
        "n_networks": (("level",), "i"),
        "n_used": (("level",), "i"),
        "n_not_converged": (("level",), "i"),
        "n_diverged": (("level",), "i"),
    },
    "directions": {
        **dict.fromkeys(("sweep", "task", "factor", "metric", "measure", "measure_unit"), (("row",), TEXT)),
        **dict.fromkeys(("paper_factor", "metric_level", "paper_arrow", "arrow", "agreement"), (("row",), TEXT)),
        **dict.fromkeys(("levels", "n_used", "n_networks"), (("row",), TEXT)),
        **dict.fromkeys(("primary", "preferred"), (("row",), "ib")),
        **dict.fromkeys(("first_degeneracy", "trend", "trend_low", "trend_high"), (("row",), "f")),
        **dict.fromkeys(("percent", "percent_low", "percent_high"), (("row",), "f")),
        **dict.fromkeys(("trend_p", "trend_permutation_p", "holm_p"), (("row",), "f")),
    },
    "map": {
        "distance": (("network", "network_other"), "f"),
        "position": (("network", "axis"), "f"),
        "status": (("network",), "i"),
    },
}
GROUPED = {"trials"}
REBUILD = "delete it and run snakemake again to rebuild it"


class ArtifactError(ValueError):
    """A file that is not the artifact it should be."""


def write(
    path,
    kind: str,
    data: xr.Dataset | dict[str, xr.Dataset],
    condition: dict,
    device: str,
    wall_time: float,
    **attributes,
):
    """Write an artifact so that it is there whole or not at all.

    `data` is a dataset, or a dataset a group. The file is written under a name of its own (host and process in it)
    in the same folder and then renamed, and carries the resolved condition, the versions, the device and the wall
    time (s). Raises ValueError if a variable lacks `long_name` or `units`, or the data does not fit its kind.
    """
    groups = data if isinstance(data, dict) else {None: data}
    for group, dataset in groups.items():
        _check(dataset, kind, f"{path}" + (f" (group {group})" if group else ""))
        for name, variable in dataset.data_vars.items():
            if not {"long_name", "units"} <= set(variable.attrs):
                raise ValueError(f"{path}: variable {name} needs the attributes long_name and units")
    provenance = _provenance(kind, condition, device, wall_time) | attributes
    with whole(path) as temporary:
        if None in groups:
            _save(groups[None].assign_attrs(provenance), temporary)
        else:
            _save(xr.Dataset(attrs=provenance), temporary)
            for group, dataset in groups.items():
                _save(dataset, temporary, group)


@contextmanager
def whole(path) -> Iterator[Path]:
    """A file of another name to write to, in the same folder, that takes the place of `path` if all goes well.

    Raises OSError with one sentence that says why it could not be written and how much room its disk has.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.uname().nodename}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:  # the latter is what netCDF raises on a full disk
        reason = getattr(error, "strerror", None) or str(error)
        raise OSError(
            f"{path}: cannot be written ({reason}; {_room(path)}); mend that and run snakemake again"
        ) from error
    finally:
        with suppress(OSError):
            os.truncate(temporary, 0)  # netCDF may hold it open, and a full disk needs room for the log
            temporary.unlink()


def _room(path: Path) -> str:
    """How much room is left on the disk that a file is or would be on."""
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    return f"{shutil.disk_usage(folder).free / 1e6:.1f} MB are free there"


def read(path, kind: str, group: str | None = None) -> xr.Dataset:
    """Read an artifact into memory and check that it is one: kind, variables, dims, dtypes, units.

    Raises ArtifactError with one sentence that names the file, what is wrong with it and how to rebuild it.
    """
    attributes = attributes_of(path)
    if attributes.get("artifact") != kind:
        found = f"a {attributes['artifact']} artifact" if "artifact" in attributes else "no artifact of this project"
        raise ArtifactError(f"{path}: is {found}, must be a {kind} artifact; if it should be one, {REBUILD}")
    if kind in GROUPED and group is None:
        raise ValueError(f"{path}: say which group to read")
    dataset = _open(path, group)
    _check(dataset, kind, f"{path}", f"; {REBUILD}")
    for name in attributes.get("parameters", "").split():
        if not {name, f"initial_{name}"} <= set(dataset):
            raise ArtifactError(f"{path}: networks artifact without the parameter {name}; {REBUILD}")
    return dataset.assign_attrs(attributes)


def attributes_of(path) -> dict:
    """Attributes of an artifact, without its data."""
    return _open(path, None, data=False).attrs


def _open(path, group, data: bool = True) -> xr.Dataset:
    if not Path(path).is_file():
        raise ArtifactError(f"{path}: there is no such file")
    try:
        with xr.open_dataset(path, group=group, engine="netcdf4") as dataset:
            return dataset.load() if data else dataset.copy()
    except (OSError, RuntimeError, ValueError, KeyError, AttributeError) as error:
        if _locked(path):
            raise ArtifactError(
                f"{path}: another program has it open for writing; close it there and run again"
            ) from None
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ArtifactError(f"{path}: cannot be read as NetCDF, is it truncated? ({reason}); {REBUILD}") from None


def _locked(path) -> bool:
    """Whether a program holds the lock that HDF5 takes on a file it writes to."""
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a file system without locks
            return False
    return False


def _check(dataset: xr.Dataset, kind: str, where: str, advice: str = "") -> None:
    for name, (dims, kinds) in SCHEMAS[kind].items():
        if name not in dataset:
            raise ArtifactError(f"{where}: {kind} artifact without the variable {name}{advice}")
        variable = dataset[name]
        if variable.dims != dims or variable.dtype.kind not in kinds:
            found = f"{variable.dims} of {variable.dtype}"
            raise ArtifactError(f"{where}: variable {name} is {found}, must be {dims} of kind {kinds!r}{advice}")
        if not variable.attrs.get("units"):
            raise ArtifactError(f"{where}: variable {name} has no units{advice}")


def _save(dataset: xr.Dataset, path: Path, group: str | None = None) -> None:
    encoding = {}
    for name, variable in dataset.data_vars.items():
        large = variable.ndim and variable.size > 256
        # the checksum lets a reader notice a damaged file
        encoding[name] = {"zlib": True, "complevel": 1, "shuffle": True, "fletcher32": True} if large else {}
        if variable.dtype.kind == "f":
            encoding[name]["_FillValue"] = None  # NaN stays NaN
    dataset.to_netcdf(path, mode="a" if group else "w", group=group, engine="netcdf4", encoding=encoding)


def _provenance(kind: str, condition: dict, device: str, wall_time: float) -> dict:
    return {
        "artifact": kind,
        "condition": dumps(condition),
        "degeneracy_version": degeneracy.__version__,
        "git_commit": git_commit(),
        "torch_version": _version("torch"),
        "numpy_version": _version("numpy"),
        "device": device,
        "wall_time_s": float(wall_time),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


@cache
def git_commit() -> str:
    """Commit of the code, with +changes when the tree differs from it; `unknown` outside a repository."""
    here = Path(__file__).parent
    git = ["git", "-C", str(here)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "status", "--porcelain", "--", str(here)], capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + ("+changes" if changed.stdout.strip() else "")
