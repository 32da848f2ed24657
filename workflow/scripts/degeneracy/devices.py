"""Devices: where arrays are computed on. Results are those of the CPU, to rounding."""

from __future__ import annotations

import ctypes
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from degeneracy.errors import UserError

if TYPE_CHECKING:  # loading torch takes a second, and a job on weights alone does without
    import torch


def choose(device: str) -> str:
    """`cuda` or `cpu`; `auto` is CUDA when there. Raises UserError if CUDA is asked for and not there."""
    if device == "cpu" or (device == "auto" and not _has_driver()):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        torch.backends.cuda.matmul.allow_tf32 = False  # some containers have it otherwise
        return "cuda"
    if device == "cuda":
        raise UserError("device: given cuda, but torch sees no CUDA device here; allowed: auto, cpu")
    return "cpu"


def choose_device(device: str) -> torch.device:
    """The same as torch knows it."""
    import torch

    return torch.device(choose(device))


def _has_driver() -> bool:
    """Whether the driver of a GPU is installed, of NVIDIA or AMD; without one torch need not be asked."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return Path("/dev/kfd").exists()
    return True


def use_one_thread() -> None:
    """Let torch compute on one thread: a result must not depend on the number of cores."""
    import torch

    torch.set_num_threads(1)


def name_of(device: torch.device | str) -> str:
    """The device's name, for the artifacts."""
    if str(device) == "cpu":
        return "cpu"
    import torch

    return torch.cuda.get_device_name(device)


def to_device(array: np.ndarray, device: torch.device | str) -> torch.Tensor:
    """The array in float64 on a device."""
    import torch

    return torch.as_tensor(np.asarray(array, dtype=np.float64), device=device)


def on_host(result):
    """A dataclass of tensors as one of arrays."""
    return replace(result, **{each.name: to_numpy(getattr(result, each.name)) for each in fields(result)})


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.cpu().numpy()
