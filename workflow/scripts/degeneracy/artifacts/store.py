"""Artifacts: the one writer and the one reader of the NetCDF files between stages.

Each file says by itself whether it is whole. The attribute `content` is a hash of its variables (of a file with groups:
a JSON object with one for each group), and `checksum` is one of all attributes.
"""

import json
import os
from pathlib import Path
from typing import Any

import netCDF4
import xarray as xr
from xarray.backends import NetCDF4DataStore

from degeneracy.artifacts.atomic import obstacle, whole
from degeneracy.artifacts.content import checksum_of, content_of
from degeneracy.artifacts.provenance import provenance
from degeneracy.artifacts.schema import ArtifactError, Schema
from degeneracy.experiment import paths
from degeneracy.experiment.condition import dumps

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
    contents = {group: content_of(dataset) for group, dataset in groups.items()}
    own = groups[None].attrs if None in groups else {}
    attributes = own | attributes | {"content": contents[None] if None in groups else dumps(contents)}
    attributes.pop("checksum", None)
    attributes["checksum"] = checksum_of(attributes)
    with whole(path) as temporary:
        if None in groups:
            _save(groups[None], temporary, attributes)
        else:
            _save(xr.Dataset(), temporary, attributes)
            for group, dataset in groups.items():
                _save(dataset, temporary, {}, group)
    paths.kept(path).unlink(missing_ok=True)


def read(path, schema: Schema, group: str | None = None) -> xr.Dataset:
    """Read an artifact into memory and check that it is one: kind, checksums, variables, dims, dtypes, units.

    Raises ArtifactError with one sentence that names the file, what is wrong with it and how to rebuild it.
    """
    if schema.groups and group is None:
        raise ValueError(f"{path}: say which group to read")
    attributes, dataset = _open(path, lambda file: (_attributes(file), _loaded(file, group)))
    _verify(path, attributes, schema.kind)
    if content_of(dataset) != (json.loads(attributes["content"])[group] if group else attributes["content"]):
        raise ArtifactError(f"{path}: is damaged, its variables do not match their checksum; {REBUILD}")
    schema.check(dataset, f"{path}", f"; {REBUILD}")
    for name in attributes.get("parameters", "").split():
        if name not in dataset or not (f"initial_{name}" in dataset or "imported" in attributes):
            raise ArtifactError(f"{path}: networks artifact without the parameter {name}; {REBUILD}")
    dataset.attrs = attributes
    return dataset


def reuse(path, schema: Schema, condition: dict, report=print, **attributes) -> bool:
    """Whether an artifact with this condition and these attributes is there already; if so, it counts as made now.

    It may also lie at `paths.kept(path)`, where a run leaves what it makes again. A damaged one is not used.
    """
    wanted = attributes | {"artifact": schema.kind, "condition": dumps(condition)}
    for place in (Path(path), paths.kept(path)):
        try:
            found = attributes_of(place) if place.is_file() else {}
            if any(found.get(name) != value for name, value in wanted.items()):
                continue
            for group in schema.groups or (None,):
                read(place, schema, group)
        except ArtifactError as error:
            report(f"not used: {error}")
            continue
        os.replace(place, path)
        os.utime(path)
        paths.kept(path).unlink(missing_ok=True)
        report(f"{path} was made before from the same code, options and inputs, so it is not computed again")
        return True
    return False


def attributes_of(path) -> dict[str, Any]:
    """Attributes of an artifact, without its data. Raises ArtifactError as `read` does."""
    attributes = _open(path, _attributes)
    _verify(path, attributes)
    return attributes


def _verify(path, attributes: dict[str, Any], wanted: str = "") -> None:
    """Raise ArtifactError unless these are the undamaged attributes of an artifact (of a wanted kind)."""
    kind = attributes.get("artifact")
    if kind is None or (wanted and kind != wanted):
        found = "no artifact of this project" if kind is None else f"a {kind} artifact"
        must = f", must be a {wanted} artifact" if wanted else ""
        raise ArtifactError(f"{path}: is {found}{must}; if it should be one, {REBUILD}")
    if "checksum" not in attributes:
        raise ArtifactError(f"{path}: was written by an older version, which took no checksums; {REBUILD}")
    if attributes["checksum"] != checksum_of({name: attributes[name] for name in attributes if name != "checksum"}):
        raise ArtifactError(f"{path}: is damaged, its attributes do not match their checksum; {REBUILD}")


def _attributes(file: netCDF4.Dataset) -> dict[str, Any]:
    # the attribute `coordinates` is xarray's, and says which variables of a file are coordinates
    return {name: file.getncattr(name) for name in file.ncattrs() if name != "coordinates"}


def _loaded(file: netCDF4.Dataset, group: str | None) -> xr.Dataset:
    store = NetCDF4DataStore(file[group] if group else file)
    return xr.open_dataset(store, decode_times=False).load()  # a unit such as `days` is no date


def _open(path, reading):
    """What a function reads from a file. Raises ArtifactError with the reason if it cannot."""
    if not Path(path).is_file():
        raise ArtifactError(f"{path}: there is no such file")
    if reason := obstacle(path):
        raise ArtifactError(f"{path}: {reason}")
    try:
        with netCDF4.Dataset(path) as file:
            return reading(file)
    except Exception as error:  # there is no end to what a damaged file can raise
        if reason := obstacle(path, entirely=True):
            raise ArtifactError(f"{path}: {reason}") from None
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ArtifactError(f"{path}: cannot be read as NetCDF, is it truncated? ({reason}); {REBUILD}") from None


def _save(dataset: xr.Dataset, path: Path, attributes: dict[str, Any], group: str | None = None) -> None:
    encoding: dict[str, dict[str, Any]] = {}
    for name, variable in dataset.variables.items():
        large = variable.ndim and variable.size > 256 and variable.dtype.kind not in "OUT"
        encoding[str(name)] = {"zlib": True, "complevel": 1, "shuffle": True} if large else {}
        if variable.dtype.kind == "f":
            encoding[str(name)]["_FillValue"] = None  # NaN stays NaN
    dataset = dataset.drop_attrs(deep=False).assign_attrs(attributes)
    dataset.to_netcdf(path, mode="a" if group else "w", group=group, engine="netcdf4", encoding=encoding)
