"""Arrays from files that were made elsewhere: .npz, NetCDF, and state dicts of torch. Nothing in them is executed."""

from pathlib import Path

import numpy as np
import xarray as xr

from degeneracy.artifacts.schema import ArtifactError


def arrays(path) -> dict[str, np.ndarray]:
    """The arrays of a file by name. Raises ArtifactError, naming it, for a file that holds anything else."""
    path = Path(path)
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        if path.suffix == ".nc":
            with xr.open_dataset(path, engine="netcdf4", decode_times=False) as data:
                return {str(name): variable.values for name, variable in data.data_vars.items()}
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
    return {str(name): value.numpy() for name, value in found.items()}
