"""Devices: where arrays are computed on. Results are those of the CPU, to rounding."""

from dataclasses import fields, replace

import numpy as np
import torch

from degeneracy.errors import UserError


def choose_device(device: str) -> torch.device:
    """`auto` is CUDA when there. Raises UserError if CUDA is asked for and not there."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("device: given cuda, but torch sees no CUDA device here; allowed: auto, cpu")
    torch.backends.cuda.matmul.allow_tf32 = False  # some containers have it otherwise
    return torch.device(device)


def name_of(device: torch.device) -> str:
    """The device's name, for the artifacts."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def to_device(array: np.ndarray, device: torch.device | str) -> torch.Tensor:
    """The array in float64 on a device."""
    return torch.as_tensor(np.asarray(array, dtype=np.float64), device=device)


def on_host(result):
    """A dataclass of tensors as one of arrays."""
    return replace(result, **{each.name: to_numpy(getattr(result, each.name)) for each in fields(result)})


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.cpu().numpy()
