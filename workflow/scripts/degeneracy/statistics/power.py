"""How many networks a study needs, from the variances of one that was done."""

import math

import xarray as xr
from scipy.stats import norm

CHANGES = {"halving": -0.5, "20_percent_less": -0.2}


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
    quantiles = norm.ppf(power) + norm.ppf((1 + confidence) / 2)
    needed = 2 * variance(statistics.sel(measure=measure)) * (quantiles / math.log1p(change)) ** 2
    return max(2, math.ceil(needed))  # one has no degeneracy


def variance(data: xr.Dataset) -> float:
    """σ² of the logarithm of a degeneracy, whose standard error is σ / √n: mean over levels of one measure."""
    return float((data["n_used"] * (data["standard_error"] / data["degeneracy"]) ** 2).mean())


def table(statistics: xr.Dataset) -> list[dict]:
    """What each measure of a statistics artifact needs; no row for one whose variance is 0 or unknown.

    `sd_log_ratio` is the SD of the logarithm of the ratio of two levels with the networks used there.
    """
    rows = []
    for measure in statistics["measure"].values.tolist():
        found, used = variance(statistics.sel(measure=measure)), float(statistics["n_used"].mean())
        if 0 < found < math.inf:  # infinite where a level has no degeneracy at all
            needed = {f"networks_for_{name}": networks_needed(statistics, measure, by) for name, by in CHANGES.items()}
            rows.append({"measure": measure, "n_used": used, "sd_log_ratio": math.sqrt(2 * found / used)} | needed)
    return rows
