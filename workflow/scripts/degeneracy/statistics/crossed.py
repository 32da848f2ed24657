"""How much of degeneracy comes from the initialisation and how much from the data, where their seeds are crossed."""

import numpy as np
from scipy.stats import chi2, f

RELABELLINGS = 9999


def grid_of(seeds: np.ndarray, used: np.ndarray, data_seeds: int) -> np.ndarray:
    """Places (initialisation, data) in `seeds` of the networks that cross both; see `networks.seeds`.

    Only initialisations of which every network is `used` (network) are kept, so that the design is balanced.
    """
    places = {int(seed): place for place, seed in enumerate(seeds) if used[place]}
    most = max(places, default=-1) // data_seeds + 1
    rows = [[places.get(first * data_seeds + data) for data in range(data_seeds)] for first in range(most)]
    return np.array([row for row in rows if None not in row], int).reshape(-1, data_seeds)


def components(values: np.ndarray, confidence: float) -> dict[str, tuple[float, float, float]]:
    """Variance components of values (initialisation, data): estimate and interval, by name.

    y = μ + initialisation + data + rest, all random; the rest holds the interaction. Estimates are those of the
    analysis of variance, and may be negative. The intervals are those of Ting et al. (1990) for a difference of mean
    squares (Burdick & Graybill 1992, ch. 3.3), clipped at 0, and of χ² for the rest. All NaN below two of either.
    # ASSUME: the components are normal
    """
    rows, columns = values.shape
    if min(rows, columns) < 2:
        return dict.fromkeys(("initialisation", "data", "rest"), (np.nan, np.nan, np.nan))
    by_row, by_column, mean = values.mean(1), values.mean(0), values.mean()
    free = (rows - 1) * (columns - 1)
    rest = float(np.sum((values - by_row[:, None] - by_column + mean) ** 2) / free)
    tail = (1 - confidence) / 2
    return {
        "initialisation": _difference(columns * by_row.var(ddof=1), rest, rows - 1, free, columns, tail),
        "data": _difference(rows * by_column.var(ddof=1), rest, columns - 1, free, rows, tail),
        "rest": (rest, float(rest * free / chi2.isf(tail, free)), float(rest * free / chi2.isf(1 - tail, free))),
    }


def _difference(between, rest, free, free_rest, count, tail) -> tuple[float, float, float]:
    """(between − rest) / count, a difference of mean squares with their degrees of freedom, and its interval."""
    high, low = f.isf(tail, free, free_rest), f.isf(1 - tail, free, free_rest)
    high_1, low_1 = chi2.isf(tail, free) / free, chi2.isf(1 - tail, free) / free
    high_2, low_2 = chi2.isf(tail, free_rest) / free_rest, chi2.isf(1 - tail, free_rest) / free_rest
    g_1, h_1, g_2, h_2 = 1 - 1 / high_1, 1 / low_1 - 1, 1 - 1 / high_2, 1 / low_2 - 1
    g_12 = ((high - 1) ** 2 - g_1**2 * high**2 - h_2**2) / high
    h_12 = ((1 - low) ** 2 - h_1**2 * low**2 - g_2**2) / low
    below = (g_1 * between) ** 2 + (h_2 * rest) ** 2 + g_12 * between * rest
    above = (h_1 * between) ** 2 + (g_2 * rest) ** 2 + h_12 * between * rest
    middle = between - rest
    low_end, high_end = middle - np.sqrt(max(below, 0)), middle + np.sqrt(max(above, 0))
    return float(middle / count), max(float(low_end / count), 0.0), max(float(high_end / count), 0.0)


def sharing(distance: np.ndarray, grid: np.ndarray) -> dict[str, tuple[float, float]]:
    """Mean distance of pairs that share the initialisation, the data, or neither, and a two-sided p-value, by name.

    The p-value is of no difference from the pairs that share neither, by permutation of the networks, rows and columns
    of distance (network, network) together; NaN for `neither`, and below two of either.
    """
    rows, columns = grid.shape
    if min(rows, columns) < 2:
        return dict.fromkeys(("initialisation", "data", "neither"), (np.nan, np.nan))
    chosen = distance[np.ix_(grid.ravel(), grid.ravel())]
    row, column = np.divmod(np.arange(grid.size), columns)
    one, other = np.triu_indices(grid.size, 1)
    shared = {"initialisation": row[one] == row[other], "data": column[one] == column[other]}
    neither = ~shared["initialisation"] & ~shared["data"]
    generator = np.random.default_rng(0)
    orders = generator.permuted(np.tile(np.arange(grid.size), (RELABELLINGS, 1)), axis=1)
    found = {"neither": (float(chosen[one, other][neither].mean()), np.nan)}
    for name, pairs in shared.items():
        weights = pairs / pairs.sum() - neither / neither.sum()
        observed = chosen[one, other] @ weights
        drawn = np.array([chosen[order[one], order[other]] @ weights for order in orders])
        p = (1 + np.sum(np.abs(drawn) >= abs(observed) - 1e-12)) / (1 + RELABELLINGS)
        found[name] = float(chosen[one, other][pairs].mean()), float(p)
    return {name: found[name] for name in ("initialisation", "data", "neither")}


def table(data, used: np.ndarray, data_seeds: int, measures, confidence: float) -> list[dict]:
    """Rows of a metric artifact: variance components of a value, or mean distances of pairs by what they share.

    Values that are all positive are decomposed as they are, and as logarithms (`log_value`).
    """
    grid = grid_of(data["network"].values, used, data_seeds)
    size = {"initialisations": grid.shape[0], "data_seeds": grid.shape[1]}
    rows: list[dict] = []
    for measure in measures:
        if "network_other" in data[measure].dims:
            found = sharing(data[measure].values, grid).items()
            rows += [{"measure": measure, "shared": name, "mean": mean, "p": p} | size for name, (mean, p) in found]
        else:
            values = data[measure].values[grid]  # (initialisation, data)
            scales = {measure: values} | ({f"log_{measure}": np.log(values)} if np.all(values > 0) else {})
            rows += [
                {"measure": scale, "source": name, "variance": value, "low": low, "high": high} | size
                for scale, scaled in scales.items()
                for name, (value, low, high) in components(scaled, confidence).items()
            ]
    return rows
