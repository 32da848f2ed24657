"""Places where fixed points may be missing, from the arrangement of those that were found."""

import numpy as np
from scipy.spatial.distance import cdist

NEIGHBOURS = 12  # of each point
MOST_TRIPLES = 20_000  # of two neighbours and the point between them
OUTSIDE = 1.1  # largest distance of a place from the mean of the points, over the largest of a point


def empty_corners(points: np.ndarray, tried: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Places a + b − c (corner, unit), at most `count`, of a point c and its neighbours a and b, where no point is.

    Memories that are nearly independent have fixed points on a grid, of which a + b − c is a point if a, b and c are.
    With a = b, this is the reflection of c in a, as one attractor is the reflection of another in the saddle between
    them. A place is taken if it lies nearer to a point than half the distance to that point's nearest neighbour, or as
    near to one that was `tried` (place, unit). Places far outside of the points are left out.
    """
    if len(points) < 2:
        return points[:0]
    distance = cdist(points, points)  # (point, point)
    order = np.argsort(distance, axis=1, kind="stable")[:, : NEIGHBOURS + 1]
    reach = distance[np.arange(len(points)), order[:, 1]] / 2  # (point)
    first, second = np.triu_indices(order.shape[1] - 1)
    triples = np.stack(
        [np.repeat(order[:, 0], len(first)), order[:, 1:][:, first].ravel(), order[:, 1:][:, second].ravel()]
    )
    triples = triples[:, generator.permutation(triples.shape[1])[:MOST_TRIPLES]]
    middle, one, other = points[triples]  # (triple, unit)
    corners = one + other - middle
    centre = points.mean(0)
    within = np.linalg.norm(corners - centre, axis=1) <= OUTSIDE * np.linalg.norm(points - centre, axis=1).max()
    corners = corners[within]
    taken = cdist(corners, points)
    nearest = taken.argmin(1)
    empty = taken[np.arange(len(corners)), nearest] > reach[nearest]
    corners, near = corners[empty], reach[nearest[empty]]
    if len(tried):
        free = cdist(corners, tried).min(1) > near
        corners, near = corners[free], near[free]
    chosen: list[int] = []
    for place in range(len(corners)):
        if len(chosen) == count:
            break
        if not chosen or cdist(corners[[place]], corners[chosen]).min() > near[place]:
            chosen.append(place)
    return corners[chosen]
