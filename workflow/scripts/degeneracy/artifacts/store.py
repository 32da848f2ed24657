"""Artifacts: the one writer and the one reader of the NetCDF files between stages."""

from pathlib import Path
from typing import Any

import xarray as xr

from degeneracy.artifacts.atomic import locked, whole
from degeneracy.artifacts.provenance import provenance
from degeneracy.artifacts.schema import ArtifactError, Schema

REBUILD = "delete it and run snakemake again to rebuild it"


def write(
    path,
    schema: Schema,
    data: xr.Dataset | dict[str, xr.Dataset],
    condition: dict,
    device: str,
    wall_time: float,
    **attributes,
):
    """Write an artifact so that it is there whole or not at all.

    `data` is a dataset, or a dataset a group. The file is written under a name of its own (host and process in it)
    in the same folder and then renamed, and carries the resolved condition, the versions, the device and the wall
    time (s). Raises ValueError if a variable lacks `long_name` or `units`, or the data does not fit its schema.
    """
    origin = provenance(schema.kind, condition, device, wall_time) | attributes
    save(path, schema, data, **origin)


def save(path, schema: Schema, data: xr.Dataset | dict[str, xr.Dataset], **attributes):
    """What `write` does, with attributes that are complete: those of the dataset and these."""
    groups: dict[Any, xr.Dataset] = data if isinstance(data, dict) else {None: data}
    for group, dataset in groups.items():
        schema.check(dataset, f"{path}" + (f" (group {group})" if group else ""))
        for name, variable in dataset.data_vars.items():
            if not {"long_name", "units"} <= set(variable.attrs):
                raise ValueError(f"{path}: variable {name} needs the attributes long_name and units")
    with whole(path) as temporary:
        if None in groups:
            _save(groups[None].assign_attrs(attributes), temporary)
        else:
            _save(xr.Dataset(attrs=attributes), temporary)
            for group, dataset in groups.items():
                _save(dataset, temporary, group)


def read(path, schema: Schema, group: str | None = None) -> xr.Dataset:
    """Read an artifact into memory and check that it is one: kind, variables, dims, dtypes, units.

    Raises ArtifactError with one sentence that names the file, what is wrong with it and how to rebuild it.
    """
    attributes = attributes_of(path)
    if attributes.get("artifact") != schema.kind:
        found = f"a {attributes['artifact']} artifact" if "artifact" in attributes else "no artifact of this project"
        raise ArtifactError(f"{path}: is {found}, must be a {schema.kind} artifact; if it should be one, {REBUILD}")
    if schema.groups and group is None:
        raise ValueError(f"{path}: say which group to read")
    dataset = _open(path, group)
    schema.check(dataset, f"{path}", f"; {REBUILD}")
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
        if locked(path):
            raise ArtifactError(
                f"{path}: another program has it open for writing; close it there and run again"
            ) from None
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ArtifactError(f"{path}: cannot be read as NetCDF, is it truncated? ({reason}); {REBUILD}") from None


def _save(dataset: xr.Dataset, path: Path, group: str | None = None) -> None:
    encoding: dict[str, dict[str, Any]] = {}
    for name, variable in dataset.data_vars.items():
        large = variable.ndim and variable.size > 256
        # the checksum lets a reader notice a damaged file
        encoding[str(name)] = {"zlib": True, "complevel": 1, "shuffle": True, "fletcher32": True} if large else {}
        if variable.dtype.kind == "f":
            encoding[str(name)]["_FillValue"] = None  # NaN stays NaN
    dataset.to_netcdf(path, mode="a" if group else "w", group=group, engine="netcdf4", encoding=encoding)
