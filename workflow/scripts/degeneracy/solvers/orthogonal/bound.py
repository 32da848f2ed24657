"""A proven lower bound of the distance between two matrices up to an orthogonal change of basis."""

import math

import torch

SHIFTS = (-2.0, -0.5, 0.0, 0.5, 2.0)  # of the singular value bound, in root-mean-square singular values
ANGLES = (math.pi / 8, math.pi / 4, 3 * math.pi / 8)  # of the Hermitian pencil bound


def lower_bound(a, b):
    """(pair,) a number that ‖A − C B Cᵀ‖_F cannot fall below for any orthogonal C; a, b: (pair, n, n).

    Let S and K be the symmetric and skew parts, x = ‖S_A − C S_B Cᵀ‖² and y = ‖K_A − C K_B Cᵀ‖², so that d² = x + y.
    Sorted eigenvalues bound x, y, and cos²θ x + sin²θ y, the last through the Hermitian cos θ S + i sin θ K (Hoffman &
    Wielandt 1953). Sorted singular values bound d (Mirsky 1960) for A − τI and B − τI with any τ, because
    C (B − τI) Cᵀ = C B Cᵀ − τI.
    """
    return torch.maximum(_eigenvalue_bound(a, b), _singular_value_bound(a, b)).sqrt()


def _eigenvalue_bound(a, b):
    """(pair,) bound of d² from eigenvalues of the Hermitian matrices cos θ S + i sin θ K."""
    symmetric, skew = [(x + x.mT) / 2 for x in (a, b)], [(x - x.mT) / 2 for x in (a, b)]

    def spectral(theta):
        values = [
            torch.linalg.eigvalsh(torch.complex(math.cos(theta) * s, math.sin(theta) * k))
            for s, k in zip(symmetric, skew, strict=True)
        ]
        return (values[0] - values[1]).square().sum(1)

    x, y = spectral(0.0), spectral(math.pi / 2)
    best = x + y
    for theta in ANGLES:
        cosine, sine = math.cos(theta) ** 2, math.sin(theta) ** 2
        best = torch.maximum(best, x + y + (spectral(theta) - cosine * x - sine * y) / max(cosine, sine))
    return best


def _singular_value_bound(a, b):
    """(pair,) bound of d² from singular values of A − τI and B − τI, the best of several shifts τ."""
    size = a.shape[-1]
    scale = ((a.square() + b.square()).sum((1, 2)) / (2 * size)).sqrt()
    identity = torch.eye(size, dtype=a.dtype, device=a.device)
    bounds = []
    for shift in SHIFTS:
        tau = (shift * scale)[:, None, None] * identity
        difference = torch.linalg.svdvals(a - tau) - torch.linalg.svdvals(b - tau)
        bounds.append(difference.square().sum(1))
    return torch.stack(bounds).amax(0)
