"""Starting points on O(n): alignments of eigenvectors, random matrices, and reflections of starts that are stuck."""

import torch


def starting_points(a, b, pull, random):
    """(pair, start, n, n) starts of every pair: spectral ones first, then random ones, at least a sixth of all.

    a, b: (pair, n, n). random: (start, n, n), as many as the starts that a pair gets. With inputs, the first start is
    the C that the inputs alone would choose.
    """
    pairs, starts = len(a), len(random)
    wanted = starts - starts // 6
    spectral = _spectral_starts(a, b, wanted)
    if pull is not None:
        nearest = pull.nearest()[:, None]
        against = (spectral * nearest).sum((2, 3), keepdim=True) < 0  # C and −C turn the operators alike
        spectral = torch.cat([nearest, torch.where(against, -spectral, spectral)], 1)
    spectral = spectral[:, :wanted]
    return torch.cat([spectral, random[: starts - spectral.shape[1]].expand(pairs, -1, -1, -1)], 1)


def random_orthogonal(count: int, size: int, seed: int) -> torch.Tensor:
    """(count, size, size) Haar distributed matrices that alternate between the two components of O(n)."""
    generator = torch.Generator().manual_seed(seed)
    q, r = torch.linalg.qr(torch.randn(count, size, size, dtype=torch.float64, generator=generator))
    q = q * r.diagonal(dim1=-2, dim2=-1).sign()[:, None, :]
    wanted = 1.0 - 2.0 * (torch.arange(count) % 2)
    q[:, 0] *= (wanted * torch.linalg.det(q).sign())[:, None]
    return q


def reflected(a, b, c):
    """(problem, n, n) H C, with a reflection H = I − 2P (P a projector) that brings H C B Cᵀ H near A.

    Local minima of a pair differ mostly by such an H, and H follows from signs along one basis. Where M = C B Cᵀ is
    near H A H, the residual R = A − M maps the range of P and its complement onto each other. So R Rᵀ + Rᵀ R does not
    mix the two, and its eigenvectors span both.
    """
    m = torch.bmm(torch.bmm(c, b), c.mT)
    residual = a - m
    gram = torch.baddbmm(torch.bmm(residual, residual.mT), residual.mT, residual)
    basis = torch.linalg.eigh(gram)[1]
    signs = _matching_signs((basis.mT @ a @ basis) * (basis.mT @ m @ basis))
    return (basis * signs[:, None, :]) @ (basis.mT @ c)


def _spectral_starts(a, b, most=None):
    """(pair, form, n, n): align the eigenvectors of symmetric forms that follow their matrix through a rotation."""
    starts = []
    for form_a, form_b in list(zip(_symmetric_forms(a), _symmetric_forms(b), strict=True))[:most]:
        u, v = torch.linalg.eigh(form_a)[1], torch.linalg.eigh(form_b)[1]
        signs = _matching_signs((u.mT @ a @ u) * (v.mT @ b @ v))
        starts.append((u * signs[:, None, :]) @ v.mT)  # (pair, n, n)
    return torch.stack(starts, 1)


def _symmetric_forms(x):
    symmetric, skew = (x + x.mT) / 2, (x - x.mT) / 2
    commutator = symmetric @ skew - skew @ symmetric
    return symmetric, x @ x.mT, x.mT @ x, skew @ skew, symmetric + 2 * commutator


def _matching_signs(products):
    """(pair, n) signs s that make sᵀ W s large; W: (pair, n, n) products of corresponding entries in two eigenbases."""
    weights = products + products.mT
    weights = weights - torch.diag_embed(weights.diagonal(dim1=-2, dim2=-1))
    leading = torch.linalg.eigh(weights)[1][..., -1]
    signs = torch.where(leading >= 0, 1.0, -1.0).to(weights)
    for _ in range(weights.shape[-1]):  # each round flips the sign that costs most
        gain, index = (-signs * (weights @ signs[..., None])[..., 0]).max(1, keepdim=True)
        if not (gain > 0).any():
            break
        flipped = torch.where(gain > 0, -1.0, 1.0).to(weights) * signs.gather(1, index)
        signs = signs.scatter(1, index, flipped)
    return signs
