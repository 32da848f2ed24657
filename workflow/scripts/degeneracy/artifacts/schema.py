"""Tables of what an artifact of each kind holds, from which datasets are built, checked and described."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import xarray as xr

from degeneracy.errors import UserError

FLOAT, INTEGER, FLAG = "f", "i", "ib"  # kinds of dtype of a variable
TEXT = "OUT"  # of words, before and after they were written


class ArtifactError(UserError):
    """A file that is not the artifact it should be."""


@dataclass(frozen=True)
class Variable:
    """Dimensions, kinds of dtype, name and unit of a variable.

    Name and unit are empty where they are not the same in all artifacts of the kind, as in those of a metric.
    """

    dims: tuple[str, ...]
    dtype: str = FLOAT
    long_name: str = ""
    unit: str = ""
    optional: bool = False  # an artifact may lack it

    def of(self, values) -> tuple:
        """What xarray builds the variable from: dimensions, values and attributes."""
        return self.dims, values, {"long_name": self.long_name, "units": self.unit}


@dataclass(frozen=True)
class Schema:
    """A kind of artifact, and its variables by name; those not named here may be there besides."""

    kind: str
    variables: Mapping[str, Variable] = field(repr=False)
    groups: tuple[str, ...] = ()  # each of which holds the variables; (): no groups

    def named(self, **names: tuple[str, str]) -> "Schema":
        """The same table with a name and a unit for variables in which artifacts of the kind differ."""
        given = {
            name: replace(self.variables[name], long_name=words, unit=unit) for name, (words, unit) in names.items()
        }
        return replace(self, variables={**self.variables, **given})

    def build(self, values: Mapping, coords: Mapping | None = None, **attributes) -> xr.Dataset:
        """Dataset of values by name, in their order, with the dimensions, names and units of the table.

        Coordinates that are in the table are built from it, too; others are given as xarray takes them.
        """
        variables = {name: self.variables[name].of(value) for name, value in values.items()}
        coords = dict(coords or {})
        coords |= {name: self.variables[name].of(coords[name]) for name in coords.keys() & self.variables.keys()}
        return xr.Dataset(variables, coords, attributes)

    def check(self, dataset: xr.Dataset, where: str, advice: str = "") -> None:
        """Raise ArtifactError, naming `where`, unless the variables are there with their dims, dtypes and units."""
        for name, known in self.variables.items():
            if name not in dataset:
                if known.optional:
                    continue
                raise ArtifactError(f"{where}: {self.kind} artifact without the variable {name}{advice}")
            variable = dataset[name]
            if variable.dims != known.dims or variable.dtype.kind not in known.dtype:
                found = f"{variable.dims} of {variable.dtype}"
                wanted = f"{known.dims} of kind {known.dtype!r}"
                raise ArtifactError(f"{where}: variable {name} is {found}, must be {wanted}{advice}")
            if not variable.attrs.get("units"):
                raise ArtifactError(f"{where}: variable {name} has no units{advice}")
