"""How many networks a study needs, from the variances of one that was done."""

import math

import xarray as xr
from scipy.stats import norm


def networks_needed(
    statistics: xr.Dataset, measure: str, change: float, power: float = 0.8, confidence: float = 0.95
) -> int:
    """Networks at each of two levels for a change of degeneracy, such as −0.5 for a halving, to be seen.

    The standard error of the logarithm of a degeneracy is σ / √n. We take σ² from the jackknife of each level of a
    statistics artifact and average it over levels. Then n (log(1 + change))² = 2 σ² (z_{power} + z_{confidence})².
    # ASSUME: n is large enough for both quantiles to be those of the normal distribution; below 10, add two or three.
    Odd networks make σ itself uncertain: a population of 8 may hold none.
    Raises ValueError for a change of 0 or not above −1.
    """
    if not (change > -1 and change != 0):
        raise ValueError(f"change is {change}; it must be above −1 and not 0")
    data = statistics.sel(measure=measure)
    variance = float((data["n_used"] * (data["standard_error"] / data["degeneracy"]) ** 2).mean())
    quantiles = norm.ppf(power) + norm.ppf((1 + confidence) / 2)
    return math.ceil(2 * variance * (quantiles / math.log1p(change)) ** 2)
