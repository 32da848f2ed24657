"""The metrics of networks as a tidy table: one row for each network and measure."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from degeneracy.plugins.discovery import Plugin
from degeneracy.status import Status

COLUMNS = ("task", "condition", "network", "metric", "measure", "value")


def of_metric(data: xr.Dataset, path: Path | None = None):
    """The rows of a metric artifact as a DataFrame; its path, if it has one, names its condition and its metric.

    The value of a distance is the mean distance of the network from the others that converged.
    """
    import pandas  # which xarray brings

    metric = data.attrs["metric"]
    columns: dict[str, Any] = {
        "task": json.loads(data.attrs["condition"])["task"].get("name", ""),
        "condition": path.parents[1].name if path else "",
        "network": data["label" if "label" in data.coords else "network"].values,
        "metric": path.stem if path else metric,
    }
    parts = []
    for measure in Plugin("metrics", metric).constant("MEASURES"):
        parts.append(pandas.DataFrame(columns | {"measure": measure, "value": _of_networks(data[measure], data)}))
    return pandas.concat(parts, ignore_index=True)[list(COLUMNS)]


def _of_networks(values: xr.DataArray, data: xr.Dataset) -> np.ndarray:
    """One value for each network (network)."""
    if values.ndim == 1:
        return values.values
    converged = data["status"].values == Status.CONVERGED
    others = converged[None] & ~np.eye(len(converged), dtype=bool)  # (network, network_other)
    counts = others.sum(1)
    sums = np.where(others, values.values, 0).sum(1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
