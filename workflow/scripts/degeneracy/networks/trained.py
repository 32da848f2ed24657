"""Networks that are trained already: what is cached is a network, whichever block of seeds its artifact holds."""

from pathlib import Path

import numpy as np
import xarray as xr

from degeneracy.artifacts import store
from degeneracy.artifacts.content import content_of
from degeneracy.artifacts.origin import origin
from degeneracy.artifacts.schema import ArtifactError
from degeneracy.experiment import paths
from degeneracy.experiment.condition import dumps
from degeneracy.networks.schema import NETWORKS
from degeneracy.plugins.code_hash import code_of
from degeneracy.plugins.discovery import cell_of, tasks_of
from degeneracy.trials.schema import TRAINED_ON

WHERE = ("device", "cpu_model", "blas_kernels", "backend", "torch_version", "numpy_version")  # of a training
MIXED = " + "  # between the values of one of these where networks differ


def identity(script: Path, condition: dict, trials: xr.Dataset, planned: str | None = None) -> dict[str, str]:
    """What a network follows from besides its seed: condition, training trials and code (that of `script` included).

    The trials are set 0 of the condition. The other sets follow from the same condition, code and random streams.
    Raises UserError if this process runs other code than was planned.
    """
    code = code_of(script, *tasks_of(condition), cell_of(condition), planned=planned)
    return {"condition": dumps(condition)} | origin({}, code, {TRAINED_ON: [content_of(trials)]})


def known(folder: Path, identity: dict[str, str], seeds, report=print) -> xr.Dataset | None:
    """The networks of these seeds that artifacts of a folder hold, or None if there are none.

    A network counts if its artifact has the attributes `identity`: condition, code and training trials. Artifacts that
    a run has put aside because it makes them again (`paths.kept`) count, too. One that cannot be read is reported and
    not used.
    """
    parts, missing = [], set(seeds)
    for path in [*sorted(folder.glob("seeds-*.nc")), *sorted(folder.glob(paths.kept("seeds-*.nc").name))]:
        try:
            attributes = store.attributes_of(path)
            if any(attributes.get(name) != value for name, value in identity.items()):
                continue
            data = store.read(path, NETWORKS)
        except ArtifactError as error:
            report(f"not used: {error}")
            continue
        held = [seed for seed in data["network"].values.tolist() if seed in missing]
        if held:
            report(f"{len(held)} networks are in {path} already")
            share = data.attrs["wall_time_s"] * len(held) / data.sizes["network"]
            parts.append(data.sel(network=held).assign_attrs(wall_time_s=share))
            missing -= set(held)
    return joined(parts) if parts else None


def joined(parts: list[xr.Dataset]) -> xr.Dataset:
    """Networks of several artifacts as one dataset, by rising seed; attributes that differ are listed."""
    attributes = dict(parts[0].attrs)
    for name in WHERE:
        found = dict.fromkeys(str(part.attrs[name]) for part in parts if name in part.attrs)
        attributes |= {name: MIXED.join(found)} if found else {}
    attributes["wall_time_s"] = sum(float(part.attrs["wall_time_s"]) for part in parts)
    together = xr.concat(parts, "network", join="outer", coords="minimal", compat="override", combine_attrs="drop")
    for name, variable in together.variables.items():
        variable.attrs = dict(parts[0].variables[name].attrs)
    return together.isel(network=np.argsort(together["network"].values)).assign_attrs(attributes)
