"""Behaviour out of distribution: the loss of each network on trials that differ from the training trials.

Two networks with the same training loss may generalise differently. The spread of this loss in a population is the
behavioural degeneracy (Huang et al. 2025, sec. 3.1). The SD of the loss grows with its mean, so we also report the SD
of its logarithm, the coefficient of variation and the median absolute deviation. The artifact also holds the loss on
the probe trials, which says how far out of distribution the trials are. `kind` is that of the trials (`trials.ood_kind`
in the configuration): the condition's own, or another one, so that variants can compare kinds for the same networks.
"""

from typing import Literal

import numpy as np
import xarray as xr

LEVEL = "behaviour"
HEADLINE = "log_sd"
MEASURES = {"value": ("loss out of distribution", "output units squared")}
SYMMETRY = "signed"
NEEDS = ("readout", "ood")
RANGE = {"value": (0, None)}


def value(
    population, *, kind: Literal["condition", "generalisation", "longer", "noise"] = "condition"
) -> dict[str, np.ndarray]:
    """Masked loss (network) on the OOD trials, and on the probe trials."""
    ood = population.trials("ood") if kind == "condition" else _trials_of(kind, population.condition)
    return {"value": _loss(population, ood), "probe_loss": _loss(population, population.trials("probe"))}


def _trials_of(kind: str, condition: dict) -> xr.Dataset:
    """The OOD trials that a condition would have if they were of another kind."""
    from degeneracy.trials.generate import generate  # which loads the task

    return generate(condition | {"trials": condition["trials"] | {"ood_kind": kind}}, ("ood",))["ood"]


def _loss(population, trials: xr.Dataset) -> np.ndarray:
    """Masked loss (network) on some trials."""
    import torch

    from degeneracy.networks.losses import step_loss  # which needs torch

    kind = population.condition["training"]["loss"]
    fed_back = trials["fed_back"].values if "fed_back" in trials else None
    _, outputs = population.run(trials["inputs"].values, False, fed_back)  # (network, trial, time, output)
    targets = torch.as_tensor(trials["targets"].values, dtype=torch.float64)
    losses = step_loss(kind, torch.as_tensor(outputs), targets).numpy()  # (network, trial, time)
    mask = trials["mask"].values
    return (losses * mask).sum((1, 2)) / mask.sum()
