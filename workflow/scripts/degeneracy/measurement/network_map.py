"""The map of networks: multidimensional scaling of the distances between all networks of a sweep."""

import numpy as np
import xarray as xr
from sklearn.manifold import MDS, ClassicalMDS

from degeneracy.experiment.condition import level_of
from degeneracy.measurement.pairs import distances_across
from degeneracy.networks.population import Population
from degeneracy.plugins.discovery import Plugin


def place(
    metric: str, populations: list[Population], within: list[xr.Dataset], factor: str, options: dict
) -> xr.Dataset:
    """Distances between all networks of a sweep, and positions in the plane that keep them best.

    Returns `distance (network, network_other)`, `position (network, axis)`, `status (network)` and the coordinates
    `seed (network)` and `level (network)`; networks that diverged have no position (NaN).
    """
    distance = distances_across(metric, populations, within, options)
    position, stress = scale(distance)
    long_name, unit = Plugin("metrics", metric).constant("MEASURES")["distance"]
    levels = [level_of(one.condition, factor) for one in populations for _ in one.seeds]
    return xr.Dataset(
        {
            "distance": (("network", "network_other"), distance, {"long_name": long_name, "units": unit}),
            "position": (("network", "axis"), position, {"long_name": f"position under {long_name}", "units": unit}),
            "stress": ((), stress, {"long_name": "normalised stress of the map (Kruskal's stress 1)", "units": "1"}),
            "status": (
                "network",
                np.concatenate([one.status for one in populations]),
                {"long_name": "outcome of training", "units": "1"},
            ),
        },
        coords={
            "seed": ("network", np.concatenate([one.seeds for one in populations])),
            "level": ("network", np.array(levels)),
        },
    )


def scale(distance: np.ndarray) -> tuple[np.ndarray, float]:
    """Positions (network, 2) by metric MDS (SMACOF) from the classical solution, and Kruskal's stress 1.

    Deterministic: no random start. Networks without distances get NaN.
    """
    known = ~np.isnan(np.diag(distance))
    if known.sum() > 1:
        others = np.where(np.eye(len(distance), dtype=bool), np.nan, distance)  # 0 from itself says nothing
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
    # SMACOF leaves rotation and reflection free: turn it back onto the classical axes
    left, _, right = np.linalg.svd(placed.embedding_.T @ classical)
    position[known] = placed.embedding_ @ (left @ right)
    return position, float(placed.stress_)
