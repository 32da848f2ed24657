"""Square matrices that the tests of the orthogonal solver share."""

import numpy as np


def rotation(rng, size, determinant):
    q = np.linalg.qr(rng.standard_normal((size, size)))[0]
    q[0] *= determinant * np.sign(np.linalg.det(q))
    return q


def operators(rng, pairs, size):
    x = rng.standard_normal((pairs, size, size))
    return x / np.linalg.norm(x, axis=(1, 2), keepdims=True)


def slow_operators(rng, pairs, size):
    """Near-orthogonal, several eigenvalues close to 1, weakly non-normal: what DMD of slow dynamics gives."""
    out = []
    for _ in range(pairs):
        x = np.diag(1 - 0.02 * rng.random(size)) + 0.05 * np.triu(rng.standard_normal((size, size)), 1)
        for i in range(2, size - 1, 2):
            angle = rng.normal(0, 0.5)
            x[i : i + 2, i : i + 2] = 0.9 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        q = rotation(rng, size, 1)
        out.append(q @ x @ q.T / np.linalg.norm(x))
    return np.stack(out)
