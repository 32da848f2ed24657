"""How much of what a metric counts its search found, as estimated: a metric that searches reports it."""

import numpy as np
import xarray as xr


def completeness(metrics: list[xr.Dataset], used: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Mean share found (level), over the networks used, and its standard error; nothing if the metric reports none."""
    names = ("completeness", "completeness_error")
    if not all(name in data for data in metrics for name in names):
        return {}
    found = np.full((2, len(metrics)), np.nan)
    for row, (data, chosen) in enumerate(zip(metrics, used, strict=True)):
        shares, errors = (data[name].values[chosen] for name in names)
        known = np.isfinite(shares)
        if known.any():
            found[:, row] = shares[known].mean(), np.linalg.norm(errors[known]) / known.sum()
    return dict(zip(names, found, strict=True))
