"""What a file holds, as a hash: the identity of an artifact, and the checksum of its attributes.

Both are the same for a dataset in memory and for the file that was written from it.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from degeneracy.artifacts.schema import TEXT
from degeneracy.experiment.condition import dumps

DIGITS = 32  # of 64: enough that no two differ by chance


def content_of(dataset: xr.Dataset) -> str:
    """Hash of all variables: names, dimensions, dtypes, values, attributes; not of the dataset's attributes."""
    digest = hashlib.sha256()
    for name in sorted(map(str, dataset.variables)):
        variable = dataset.variables[name]
        values, words = variable.values, variable.dtype.kind in TEXT
        described = [str(variable.dims), values.shape, "text" if words else values.dtype.str, plain(variable.attrs)]
        digest.update(dumps([name, name in dataset.coords, *described]).encode())
        if words:
            digest.update(dumps([str(value) for value in values.ravel()]).encode())
        else:
            digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()[:DIGITS]


def checksum_of(attributes: Mapping[str, Any]) -> str:
    """Hash of the attributes of an artifact, that of its content included."""
    return hashlib.sha256(dumps(plain(attributes)).encode()).hexdigest()[:DIGITS]


def plain(attributes: Mapping) -> dict[str, Any]:
    """Attributes as NetCDF gives them back: no types of numpy, and a list of one number as that number."""
    found = {str(name): value if isinstance(value, str) else np.asarray(value) for name, value in attributes.items()}
    return {
        name: value if isinstance(value, str) else value.item() if value.size == 1 else value.tolist()
        for name, value in found.items()
    }
