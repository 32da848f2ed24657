"""Trials from a file, on which networks or activity from elsewhere are compared (`networks` or `activity` of a sweep).

The file, .npz or NetCDF, holds `inputs` (trial, time, input) and perhaps `constant_inputs` (condition, input), at which
fixed points are sought; by default there is no input. Nothing is drawn: its trials are the probe trials, as they are.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from degeneracy.errors import UserError
from degeneracy.tasks import Ood, Trials

CHECKED_BY_MAKING = True


@dataclass(frozen=True)
class Task:
    file: str = ""
    content: str = ""  # hash of the file, which the configuration fills in
    outputs = ()

    def __post_init__(self):
        if not self.file:
            raise UserError(
                "recorded: no file is given; use it by `trials: FILE` in a sweep with `networks` or `activity`"
            )

    @cached_property
    def _arrays(self) -> dict[str, np.ndarray]:
        from degeneracy.artifacts import foreign  # here, because the dry run does without

        found = foreign.arrays(self.file)
        if hashlib.sha256(Path(self.file).read_bytes()).hexdigest()[: len(self.content)] != self.content:
            raise UserError(f"{self.file}: has changed since the run was planned; run snakemake again to go on")
        for name, dims in {"inputs": ("trial", "time", "input"), "constant_inputs": ("condition", "input")}.items():
            values = None if name not in found else np.asarray(foreign.in_order(found[name], dims))
            if values is None and name == "inputs":
                raise UserError(
                    f"{self.file}: holds {', '.join(found) or 'nothing'}, must hold inputs (trial, time, input)"
                )
            if values is None:
                continue
            if values.ndim != len(dims) or values.dtype.kind not in "fiub" or not np.isfinite(values).all():
                given = f"{values.shape} of {values.dtype}"
                raise UserError(f"{self.file}: {name} must be finite numbers ({', '.join(dims)}), given {given}")
            found[name] = values
        return found

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(f"input {index}" for index in range(self._arrays["inputs"].shape[-1]))

    def given(self, group: str) -> Trials:
        """The trials of a group: those of the file are the probe trials, and there are no others."""
        inputs = self._arrays["inputs"] if group == "probe" else self._arrays["inputs"][:0]
        return Trials(inputs, np.zeros((*inputs.shape[:2], 0)), np.ones(inputs.shape[:2]))

    def trials(self, generator: np.random.Generator, count: int, ood: Ood | None = None) -> Trials:
        raise UserError(f"{self.file}: no trials can be drawn from a file, so no networks can be trained on it")

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought."""
        return self._arrays.get("constant_inputs", np.zeros((1, len(self.inputs))))
