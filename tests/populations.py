"""Populations made from others, and random arrays, for the tests of what compares networks."""

import numpy as np
import xarray as xr

from conftest import make_population


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def moved_copy(population, order, signs):
    """The same networks with their units in another order and with other signs."""
    data = population.networks.copy(deep=True)
    for name in data.attrs["parameters"].split():
        for full in (name, f"initial_{name}"):
            for dim in set(data[full].dims) & {"unit", "source_unit"}:
                data[full] = (data[full] * xr.DataArray(signs, dims=dim)).isel({dim: order})
    return make_population(data, population.condition, population.trials_path)


def joined(one, other):
    both = xr.concat([one.networks, other.networks], "network", combine_attrs="override")
    both = both.assign_coords(network=np.arange(both.sizes["network"]))
    return make_population(both, one.condition, one.trials_path)
