"""The map of networks: multidimensional scaling of the distances between all networks of a sweep."""

import numpy as np
import xarray as xr
from sklearn.manifold import MDS, ClassicalMDS

from degeneracy.experiment.condition import level_of
from degeneracy.measurement.pairs import distances_across
from degeneracy.measurement.schema import MAP, PAIR, variable
from degeneracy.networks.population import Population
from degeneracy.plugins.discovery import Plugin


def place(
    metric: str, populations: list[Population], within: list[xr.Dataset], factor: str, options: dict
) -> xr.Dataset:
    """Distances between all networks of a sweep, and the positions in the plane that preserve them best.

    Returns every measure of the metric, such as `distance (network, network_other)`, `position (network, axis)` by the
    distance, `status (network)` and the coordinates `seed (network)` and `level (network)`. Networks that diverged have
    no position (NaN).
    """
    matrices = distances_across(metric, populations, within, options)
    position, stress = scale(matrices["distance"])
    described = Plugin("metrics", metric).constant("MEASURES")
    long_name, unit = described["distance"]
    levels = [level_of(population.condition, factor) for population in populations for _ in population.seeds]
    status, seeds = (
        np.concatenate([getattr(population, name) for population in populations]) for name in ("status", "seeds")
    )
    data = MAP.named(distance=(long_name, unit), position=(f"position under {long_name}", unit)).build(
        {"distance": matrices["distance"], "position": position, "stress": stress, "status": status},
        {"seed": ("network", seeds), "level": ("network", np.array(levels))},
    )
    others = {name: matrix for name, matrix in matrices.items() if name != "distance"}
    return data.assign({name: variable(name, matrix, PAIR, described).of(matrix) for name, matrix in others.items()})


def scale(distance: np.ndarray) -> tuple[np.ndarray, float]:
    """Positions (network, 2) by metric MDS (SMACOF) from the classical solution, and Kruskal's stress 1.

    Deterministic: it has no random start. Networks without distances get NaN.
    """
    known = ~np.isnan(np.diag(distance))
    if known.sum() > 1:
        others = np.where(np.eye(len(distance), dtype=bool), np.nan, distance)  # 0 on the diagonal says nothing
        known &= ~np.isnan(others[:, known]).all(1)
    known[known] &= ~np.isnan(distance[np.ix_(known, known)]).any(1)
    position = np.full((len(distance), 2), np.nan)
    inner = distance[np.ix_(known, known)]
    if known.sum() < 3:
        position[known] = np.stack([inner[0] if len(inner) else np.zeros(0), np.zeros(known.sum())], axis=1)
        return position, 0.0
    classical = ClassicalMDS(n_components=2, metric="precomputed").fit_transform(inner)
    solver = MDS(
        n_components=2, metric="precomputed", init="classical_mds", n_init=1, max_iter=1000, normalized_stress=True
    )
    placed = solver.fit(inner)
    # SMACOF leaves rotation and reflection free: rotate the result back onto the classical axes
    left, _, right = np.linalg.svd(placed.embedding_.T @ classical)
    position[known] = placed.embedding_ @ (left @ right)
    return position, float(placed.stress_)
