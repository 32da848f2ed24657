"""Distance between the graphs of the fixed points of two networks (Turner et al. 2021; Maheswaranathan et al. 2019).

A node is a fixed point, a continuum of them (one node, with its dimension), or a limit cycle to which an unstable point
leads. An edge goes from an unstable point to each attractor that its unstable directions lead to: both ways along a
single one, and in many directions if there are more. So N independent bistable units have a graph of 3^N nodes, the
cells of a cube: a saddle with one unstable direction joins the corners at the ends of its edge, and a point with k of
them leads to the 2^k corners of its face.

A node costs nothing if the other graph has one like it: at the same constant input, with as many unstable directions,
of the same dimension, with the same outputs. Between nodes of a kind, the cost is the root-mean-square difference of
the outputs over the `cutoff`, at most 1. A node without a partner costs 1 (OSPA, as in `fixed_point_distance`). The
`distance` is half the mean cost of the nodes of the larger graph, and half the share of the `edges` that only one of
the graphs has. We search for the assignment of nodes with the least distance: first by the costs of the nodes and their
numbers of edges, then by turns with the edges that the last assignment maps onto each other.

The sources give the nodes and the edges; the distance, its cutoff and its weights are ours.
"""

from typing import Annotated

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from degeneracy.errors import UserError
from degeneracy.metrics._fixed_point_graphs import graph
from degeneracy.metrics._free_run import parameters_of_each, readout
from degeneracy.metrics._readouts import check_outputs, deviation
from degeneracy.plugins.options import Range

LEVEL = "dynamics"
MEASURES = {
    "distance": ("distance of the fixed-point graphs", "1"),
    "edges": ("share of connections that only one network has", "1"),
}
RANGE = {"distance": (0, 1), "edges": (0, 1)}
SYMMETRY = "signed"
NEEDS = ("readout", "targets")
USES = ("fixed_points",)
NO_TRIALS = True
TURNS = 10  # of the search for an assignment, at most


def features(population, *, steps: Annotated[int, Range(10)] = 1000) -> dict[str, np.ndarray]:
    """Outputs (network, node, output), kind (network, node, 3) and edges (network, node, node) of the graphs.

    Outputs are in SDs of the training targets. The kind is the constant input (−1: no node), the number of unstable
    directions (−1: a cycle) and the dimension. NaN for a network without fixed points. Raises UserError if they are not
    known, as for networks before training.
    """
    if population.fixed_points is None:
        raise UserError("fixed_point_graph: the fixed points of these networks are not known")
    points = population.fixed_points.isel(point=population.fixed_points["converged"].values == 1)
    constants = torch.as_tensor(population.task.constant_inputs()).double()  # (condition, input)
    place = np.abs(points["input"].values[:, None] - constants.numpy()).sum(-1).argmin(1)  # (point,)
    found, cell = [], population.cell
    for seed, parameters in zip(population.seeds, parameters_of_each(population), strict=True):
        parts, lost = [], 0
        for condition, constant in enumerate(constants):
            own = points.isel(point=(points["network"].values == seed) & (place == condition))
            if own.sizes["point"]:
                named = {name: own[name].values for name in ("state", "n_unstable", "dimension")}
                with torch.no_grad():
                    part = graph(cell, parameters, named, constant, steps)
                    outputs = readout(cell, parameters, torch.as_tensor(part.state)).numpy()
                kind = np.stack([np.full(len(outputs), condition), part.unstable, part.dimension], axis=1)
                parts.append((outputs, kind, part.edges))
                lost += part.lost
        if lost:
            print(f"network {seed}: {lost} trajectories from unstable points had reached nothing known")
        if not parts:
            print(f"network {seed}: NaN, because it has no fixed points")
        found.append(parts)
    return _padded(found, deviation(population.trials("train")), population.networks.sizes["output"])


def _padded(found: list[list[tuple]], scale: float, channels: int) -> dict[str, np.ndarray]:
    """The graphs of all networks, from their parts at each constant input, as arrays of one size."""
    sizes = [sum(len(outputs) for outputs, *_ in parts) for parts in found]
    most = max([1, *sizes])
    outputs = np.zeros((len(found), most, channels))
    kinds = np.full((len(found), most, 3), -1.0)
    edges = np.zeros((len(found), most, most), bool)
    for network, parts in enumerate(found):
        first = 0
        for own, kind, links in parts:
            here = slice(first, first + len(own))
            outputs[network, here], kinds[network, here], edges[network, here, here] = own / scale, kind, links
            first = here.stop
        if not parts:
            outputs[network] = np.nan
    return {"outputs": outputs, "kind": kinds, "edges": edges}


def distance(a: dict, b: dict, *, cutoff: Annotated[float, Range(0.001)] = 1.0) -> dict[str, np.ndarray]:
    """Distance of each pair (pair), and the shares of edges and of nodes that differ under its assignment.

    Raises UserError if the networks differ in their number of outputs.
    """
    check_outputs(a["outputs"], b["outputs"], "fixed_point_graph")
    found = []
    for pair in range(len(a["kind"])):
        there = [side["kind"][pair, :, 0] >= 0 for side in (a, b)]
        one, other = (
            (side["outputs"][pair, own], side["kind"][pair, own], side["edges"][pair][np.ix_(own, own)])
            for side, own in zip((a, b), there, strict=True)
        )
        found.append(min(between(one, other, cutoff), between(other, one, cutoff)))
    return dict(zip(("distance", "edges", "nodes"), np.array(found).reshape(-1, 3).T, strict=True))


def between(one: tuple, other: tuple, cutoff: float) -> tuple[float, float, float]:
    """Least distance found of two graphs, each outputs (node, output), kinds (node, 3) and edges (node, node), and the
    mean cost of its edges and of its nodes.
    """
    (x, x_kind, x_edges), (y, y_kind, y_edges) = one, other
    size = max(len(x), len(y))
    cost = np.ones((size, size))
    apart = np.sqrt(np.square(x[:, None] - y[None]).mean(-1)) / cutoff
    cost[: len(x), : len(y)] = np.where((x_kind[:, None] == y_kind).all(-1), np.minimum(apart, 1), 1)
    from_x, from_y = (np.pad(edges.astype(int), (0, size - len(edges))) for edges in (x_edges, y_edges))

    def judged(order: np.ndarray) -> tuple[float, float, float]:
        moved = from_y[np.ix_(order, order)]
        edges = float((from_x ^ moved).sum() / max(1, (from_x | moved).sum()))
        nodes = float(cost[np.arange(size), order].mean())
        return (edges + nodes) / 2, edges, nodes

    total = max(1, int(from_x.sum() + from_y.sum()))
    # edges that must differ if two nodes are partners: at first as many as their numbers of edges do
    gaps = sum(abs(from_x.sum(axis)[:, None] - from_y.sum(axis)) for axis in (0, 1))
    best = (np.inf,) * 3
    for _ in range(TURNS):
        order = linear_sum_assignment(cost / size + gaps / total)[1]
        if judged(order) >= best:
            break
        best = judged(order)
        gaps = _mismatches(from_x, from_y[:, order]) + _mismatches(from_x.T, from_y[order].T)
    return best


def _mismatches(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Number of entries (row, row) in which rows of 0 and 1 of x and of y differ."""
    return x.sum(1)[:, None] + y.sum(1) - 2 * x @ y.T
