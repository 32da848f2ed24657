"""Graphs of maps whose fixed points and connections are known, and distances of graphs."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from degeneracy.fixed_points.find import find
from degeneracy.measurement.measure import measure
from degeneracy.metrics import fixed_point_graph
from degeneracy.metrics._fixed_point_graphs import CYCLE, graph
from degeneracy.metrics.fixed_point_graph import between
from populations import FIND, random

NO_INPUT = torch.zeros(1).double()


class Plane:
    """A map of the plane that is written out."""

    def __init__(self, advance):
        self.advance = advance

    def step(self, parameters, state, inputs):
        return torch.stack(self.advance(*state.unbind(-1)), dim=-1)

    def jacobian(self, parameters, state, inputs):
        return torch.func.vmap(torch.func.jacrev(lambda one: self.step(None, one, None)))(state)


class Mixed:
    """Bistable units z = tanh(g z) of which only the mixtures h = B z are seen."""

    def __init__(self, basis, gains):
        self.basis, self.gains = torch.as_tensor(basis), torch.as_tensor(gains)

    def step(self, parameters, state, inputs):
        return torch.tanh(self.gains * (state @ self.basis)) @ self.basis.T

    def jacobian(self, parameters, state, inputs):
        slope = self.gains * torch.cosh(self.gains * (state @ self.basis)).pow(-2)
        return (self.basis * slope[..., None, :]) @ self.basis.T


def points_of(*points):
    """Points (state, unstable directions, dimension) as `graph` takes them."""
    state, unstable, dimension = zip(*points, strict=True)
    return {"state": np.array(state, float), "n_unstable": np.array(unstable), "dimension": np.array(dimension)}


def edges_of(found):
    return {(int(one), int(other)) for one, other in np.argwhere(found.edges)}


@pytest.mark.parametrize("units", [1, 2, 3])
def test_independent_bistable_units_give_the_cube(units):
    """3^N points: a point with k units at their saddles leads to the 2^k corners of its face."""
    gains = 1.5 + 0.4 * np.arange(units)
    wells = [brentq(lambda h, gain=gain: np.tanh(gain * h) - h, 0.1, 1) for gain in gains]
    places = list(itertools.product([-1, 0, 1], repeat=units))
    points = points_of(*((np.array(place) * wells, place.count(0), 0) for place in places))
    turn = np.linalg.qr(random(units, units))[0]
    for basis in (np.eye(units), turn):  # h = B z of units z, whose eigenvectors are the columns of B
        cell = Mixed(basis, gains)
        found = graph(cell, {}, points | {"state": points["state"] @ basis.T}, NO_INPUT, 1000)
        corners = {
            (one, other)
            for one, saddle in enumerate(places)
            for other, corner in enumerate(places)
            if 0 in saddle and 0 not in corner and all(a in (0, b) for a, b in zip(saddle, corner, strict=True))
        }
        assert edges_of(found) == corners and found.lost == 0
        single = [one for one, place in enumerate(places) if place.count(0) == 1]
        assert found.edges[single].sum() == 2 * units * 2 ** (units - 1)  # both ends of each edge of the cube


def test_a_ring_attractor_is_one_node():
    def outward(x, y):
        grow = 1 + 0.5 * (1 - x**2 - y**2)
        return [grow * x, grow * y]

    found = graph(Plane(outward), {}, points_of(((0, 0), 2, 0), ((0.6, 0.8), 0, 1)), NO_INPUT, 1000)
    assert edges_of(found) == {(0, 1)} and found.lost == 0


def test_lines_attract_from_a_line_between_them():
    def apart(x, y):
        return [x, y + 0.5 * (y - y**3)]

    points = points_of(((0, 0), 1, 1), ((0.3, 1), 0, 1), ((0.3, -1), 0, 1))
    found = graph(Plane(apart), {}, points, NO_INPUT, 1000)
    assert edges_of(found) == {(0, 1), (0, 2)} and found.lost == 0


@pytest.mark.parametrize("angle", [0.3, np.pi])  # steps along a circle, and a cycle of two points
def test_a_limit_cycle_is_a_node(angle):
    def rotated(x, y):
        grow = 1 + 0.5 * (1 - x**2 - y**2)
        return [grow * (np.cos(angle) * x - np.sin(angle) * y), grow * (np.sin(angle) * x + np.cos(angle) * y)]

    found = graph(Plane(rotated), {}, points_of(((0, 0), 2, 0)), NO_INPUT, 1000)
    assert edges_of(found) == {(0, 1)} and found.lost == 0
    assert found.unstable.tolist() == [2, CYCLE] and found.dimension.tolist() == [0, 1]
    assert np.allclose(found.state[1], 0, atol=0.02)


def test_distances_of_graphs_of_known_distance():
    x = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    kinds, edges = np.array([[0, 0, 0], [0, 0, 0], [0, 1, 0]]), np.zeros((3, 3), bool)
    edges[2, :2] = True
    one, order = (x, kinds, edges), np.array([2, 0, 1])
    assert between(one, (x[order], kinds[order], edges[np.ix_(order, order)]), 1.0) == (0, 0, 0)
    half = edges.copy()
    half[2, 0] = False  # one of two connections
    assert between(one, (x, kinds, half), 1.0) == pytest.approx((0.25, 0.5, 0))
    assert between(one, (x + 0.3, kinds, edges), 2.0) == pytest.approx((0.075, 0, 0.15))
    cut = (x[:2], kinds[:2], edges[:2, :2])
    assert between(one, cut, 1.0) == pytest.approx((2 / 3, 1, 1 / 3)) == between(cut, one, 1.0)
    line = kinds + np.array([0, 0, 1])  # of other dimensions
    assert between(one, (x, line, edges), 1.0)[2] == 1


def test_connections_decide_where_nodes_are_alike():
    """Four nodes at one place: the assignment of nodes alone cannot tell which of them is connected."""
    x, kinds = np.zeros((4, 1)), np.array([[0, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]])
    edges, other = np.zeros((2, 4, 4), bool)
    edges[0, 2] = other[1, 3] = True
    assert between((x, kinds, edges), (x, kinds, other), 1.0) == (0, 0, 0)


def test_a_network_without_fixed_points_is_nan_with_a_reason_and_the_others_go_on(trained, capsys):
    points = find(trained, FIND, lambda line: None)
    known = replace(trained, fixed_points=points)
    whole = fixed_point_graph.features(known)
    assert whole["edges"][0].sum() > 0 and capsys.readouterr().out == ""
    lost = points.isel(point=points["network"].values == 0)
    data = measure("fixed_point_graph", replace(trained, fixed_points=lost), {}, lambda line: None)
    assert np.isnan(data["distance"].values[0, 1])
    assert "network 1: NaN, because it has no fixed points" in capsys.readouterr().out
    assert "not known" in data["untrained_distance"].attrs["long_name"]
