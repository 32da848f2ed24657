"""Distance between the fixed points of two networks, seen through their readouts (OSPA, Schuhmacher et al. 2008).

The units of two networks do not correspond, but their outputs do. We therefore represent each network by the set of
outputs at its fixed points, and assign the points of the smaller set to points of the larger at minimal total cost. A
pair of points costs the root-mean-square difference of its outputs (not the norm, which grows with the number of
outputs while the cutoff does not), at most the `cutoff`. It costs the cutoff if one point is stable and the other is
not, or is marginal, or if they belong to different constant inputs. So does a point that is left over. The total
divided by the size of the larger set is a metric on finite sets of any sizes (eq. 3, p = 1): 0 for the same points, at
most the cutoff, and equal to the cutoff if only one of the networks has fixed points. A Wasserstein distance would have
to spread the mass of a point over others where one network has points that the other lacks. `unmatched` is the share of
the larger set that costs the full cutoff.
"""

from typing import Annotated

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from degeneracy.errors import UserError
from degeneracy.metrics._readouts import check_outputs, deviation
from degeneracy.plugins.options import Range

LEVEL = "dynamics"
MEASURES = {"distance": ("fixed-point distance", "SD of the targets")}
SYMMETRY = "signed"
NEEDS = ("readout", "targets")
USES = ("fixed_points",)
NO_TRIALS = True


def features(population) -> dict[str, np.ndarray]:
    """Outputs (network, point, output) at the fixed points, and their kind (network, point), −1 where there is none.

    Outputs are divided by the RMS deviation of the training targets from their mean. The kind separates constant
    inputs, and stable from unstable and from marginal points. Slow points are left out.
    Raises UserError if there is no fixed-points artifact, as for networks before training.
    """
    if population.fixed_points is None:
        raise UserError("fixed_point_distance: the fixed points of these networks are not known")
    points = population.fixed_points.isel(point=population.fixed_points["converged"].values == 1)
    owner, state = points["network"].values, torch.as_tensor(points["state"].values)
    rows = [np.flatnonzero(owner == seed) for seed in population.seeds]
    most = max(map(len, rows))
    constants = population.task.constant_inputs()  # (condition, input)
    place = np.abs(points["input"].values[:, None] - constants).sum(-1).argmin(1)  # (point,)
    kinds = 3 * place + np.where(points["n_marginal"].values > 0, 2, points["n_unstable"].values > 0)
    # ASSUME: a continuum of fixed points counts as the one point at its middle
    scale = deviation(population.trials("train"))
    cell, parameters = population.cell, population.parameters
    outputs = np.zeros((len(rows), most, population.networks.sizes["output"]))
    kind = np.full((len(rows), most), -1)
    for network, own in ((place, own) for place, own in enumerate(rows) if len(own)):
        named = {name: torch.as_tensor(value[network : network + 1]).double() for name, value in parameters.items()}
        outputs[network, : len(own)] = cell.readout(named, state[own][None])[0].numpy() / scale
        kind[network, : len(own)] = kinds[own]
    return {"outputs": outputs, "kind": kind}


def distance(a: dict, b: dict, *, cutoff: Annotated[float, Range(0)] = 1.0) -> dict[str, np.ndarray]:
    """Distance of each pair (pair), in SDs of the targets (as is the `cutoff`), and the share of unmatched points.

    Raises UserError if the networks differ in their number of outputs.
    """
    check_outputs(a["outputs"], b["outputs"], "fixed_point_distance")
    pairs = zip(a["outputs"], a["kind"], b["outputs"], b["kind"], strict=True)
    found = [between(x[i >= 0], i[i >= 0], y[j >= 0], j[j >= 0], cutoff) for x, i, y, j in pairs]
    values, unmatched = np.array(found).T
    return {"distance": values, "unmatched": unmatched}


def between(x: np.ndarray, x_kind: np.ndarray, y: np.ndarray, y_kind: np.ndarray, cutoff: float) -> tuple[float, float]:
    """Distance of two sets of points (point, output) with kinds (point), and the share that costs the full cutoff."""
    size = max(len(x), len(y))
    if size == 0:
        return 0.0, 0.0
    cost = np.full((size, size), cutoff)  # (point, point), including points left over
    apart = np.sqrt(np.square(x[:, None] - y[None]).mean(-1))
    cost[: len(x), : len(y)] = np.where(x_kind[:, None] == y_kind, np.minimum(apart, cutoff), cutoff)
    chosen = cost[linear_sum_assignment(cost)]
    return chosen.mean(), (chosen >= cutoff).mean()
