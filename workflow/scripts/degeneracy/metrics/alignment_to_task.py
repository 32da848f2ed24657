"""Is the representation more target-like or more input-like? (Alleman, Lindsey & Fusi 2024)

At each time, the kernel of the states over trials is compared with that of the targets and with that of the inputs: the
alignment is their centred correlation, 1 for equal kernels and 0 on average for unrelated ones (U-centred, Székely &
Rizzo 2014, so that it does not depend on the number of trials). The measures are means over the times that count and at
which all three kernels are known, each with all trials even if only some of them count there. The artifact also holds
the alignments at each time, and `input_now`.

# ASSUME: the paper has networks without time. The input of a recurrent network is all inputs up to the time, each step
with the same weight. `input_now` compares with the inputs of the step alone.
"""

from typing import Annotated

import numpy as np

from degeneracy.errors import UserError
from degeneracy.metrics._representation import moving_states
from degeneracy.plugins.options import Range

LEVEL = "representation"
MEASURES = {
    "value": ("target less input alignment", "1"),
    "target": ("target alignment", "1"),
    "input": ("input alignment", "1"),
}
SYMMETRY = "rotation"
NEEDS = ("inputs", "targets")
RANGE = {"value": (-2, 2), "target": (-1, 1), "input": (-1, 1)}


def value(population, *, trials: Annotated[int, Range(4)] = 256) -> dict[str, np.ndarray]:
    """Alignments (network), mean over times, and by time (network, time); NaN with a reason where one is not known."""
    probe = population.trials("probe").isel(trial=slice(trials))
    if probe.sizes["trial"] < 4:
        raise UserError(f"alignment_to_task: there are {probe.sizes['trial']} probe trials, must be at least 4")
    inputs, targets = (probe[name].values.astype(float) for name in ("inputs", "targets"))
    now = grams(inputs)
    kernels = {"target": normal(grams(targets)), "input": normal(now.cumsum(0)), "input_now": normal(now)}
    counted = probe["mask"].values.any(0)
    if not (counted & defined(kernels["target"]) & defined(kernels["input"])).any():
        print("all networks: NaN, because inputs or targets are the same in all probe trials at each time that counts")
    found: dict[str, list] = {f"{name}_by_time": [] for name in kernels}
    for states, seed in zip(moving_states(population, trials), population.seeds, strict=True):
        own = normal(grams(states))
        if np.isfinite(states).all() and not (counted & defined(own)).any():
            print(f"network {seed}: NaN, because its states are the same in all probe trials at each time that counts")
        for name, kernel in kernels.items():
            found[f"{name}_by_time"].append(np.where(counted, np.sum(own * kernel, (1, 2)), np.nan))
    results = {name: np.array(rows) for name, rows in found.items()}
    common = np.isfinite(results["target_by_time"] + results["input_by_time"])
    for name in kernels:
        results[name] = mean_of(np.where(common, results[f"{name}_by_time"], np.nan))
    return {"value": results["target"] - results["input"]} | results


def grams(values: np.ndarray) -> np.ndarray:
    """Gram matrices (time, trial, trial) of values (trial, time, …)."""
    by_time = values.swapaxes(0, 1)
    return by_time @ by_time.mT


def normal(gram: np.ndarray) -> np.ndarray:
    """Gram matrices (time, trial, trial), U-centred and of norm 1; NaN where all trials are alike."""
    trials = gram.shape[1]
    size = np.linalg.norm(gram, axis=(1, 2))
    off = np.where(np.eye(trials, dtype=bool), 0, gram)
    rows = off.sum(1) / (trials - 2)
    centred = off - rows[:, None] - rows[:, :, None] + off.sum((1, 2), keepdims=True) / ((trials - 1) * (trials - 2))
    centred = np.where(np.eye(trials, dtype=bool), 0, centred)
    norm = np.linalg.norm(centred, axis=(1, 2))
    return centred / np.where(norm > 1e-10 * size, norm, np.nan)[:, None, None]


def defined(kernel: np.ndarray) -> np.ndarray:
    """Whether a kernel is known (time)."""
    return np.isfinite(kernel[:, 0, 0])


def mean_of(values: np.ndarray) -> np.ndarray:
    """Mean (network) over the times at which values (network, time) are known; NaN if there is none."""
    known = np.isfinite(values)
    return np.where(known, values, 0).sum(1) / np.where(known.any(1), known.sum(1), np.nan)
