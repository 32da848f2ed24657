"""How far out of distribution the OOD trials are for a population: the loss on them over that on the probe trials."""

import json

import numpy as np
import xarray as xr

LEAST = 2  # median ratio below which a population generalises: then the trials are hardly out of distribution
QUANTILES = {"ood_over_probe": 0.5, "ood_over_probe_lowest": 0, "ood_over_probe_highest": 1}


def ratios(metrics: list[xr.Dataset], used: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Median and range (level), over the networks used, of the ratio; nothing for a metric without `probe_loss`."""
    if not all("probe_loss" in data for data in metrics):
        return {}
    found = np.full((len(QUANTILES), len(metrics)), np.nan)
    for level, (data, chosen) in enumerate(zip(metrics, used, strict=True)):
        if len(chosen):
            ratio = data["value"].values[chosen] / data["probe_loss"].values[chosen]
            found[:, level] = np.quantile(ratio, list(QUANTILES.values()))
    return dict(zip(QUANTILES, found, strict=True))


def remark(levels: list, found: dict[str, np.ndarray]) -> str:
    """At which levels, and how well, the population generalises; empty if at none."""
    if not found:
        return ""
    low = {level: ratio for level, ratio in zip(levels, found["ood_over_probe"], strict=True) if ratio < LEAST}
    if not low:
        return ""
    names = ", ".join(level if isinstance(level, str) else json.dumps(level) for level in low)
    where = "" if len(low) == len(levels) else f" at {names}"
    shown = dict.fromkeys(f"{ratio:.2g}" for ratio in low.values())
    return f"generalises{where}: the median OOD loss is {', '.join(shown)} × the probe loss"
