"""Arrays from files that were made elsewhere: .npz, NetCDF, and state dicts of torch. Nothing in them is executed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from degeneracy.artifacts.schema import ArtifactError


def arrays(path) -> dict[str, Any]:
    """The arrays of a file by name; those of NetCDF are DataArrays, with the names of their dimensions.

    Raises ArtifactError, naming the file, for one that holds anything else.
    """
    path = Path(path)
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        if path.suffix == ".nc":
            with xr.open_dataset(path, engine="netcdf4", decode_times=False) as data:
                return {str(name): variable.load() for name, variable in data.data_vars.items()}
    except Exception as error:  # there is no end to what a damaged file can raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ArtifactError(f"{path}: cannot be read ({reason}), must be arrays without pickled objects") from None
    return _state_dict(path)


def _state_dict(path: Path) -> dict[str, np.ndarray]:
    import torch  # here, because arrays do without

    save = f"save its weights alone: torch.save(network.state_dict(), {path.name!r})"
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # of a pickled module, or of no file of torch at all
        raise ArtifactError(f"{path}: is a pickled module or no file of torch, must be a state dict; {save}") from None
    if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise ArtifactError(f"{path}: holds more than the tensors of a state dict; {save}")
    exact = {name: value.float() if value.dtype == torch.bfloat16 else value for name, value in found.items()}
    return {str(name): value.detach().numpy() for name, value in exact.items()}  # NumPy has no bfloat16


def in_order(values, dims: Sequence[str]):
    """An array with its dimensions in some order, if it names all of them; otherwise what is given."""
    named = isinstance(values, xr.DataArray) and set(values.dims) == set(dims)
    return values.transpose(*dims).values if named else values
