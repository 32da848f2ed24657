"""Spectrum of a symmetric matrix that is known by its products with vectors: whole, or estimated from few products.

The estimate comes from Lanczos runs with full reorthogonalisation. With the orthonormal vectors Q of the first run the
trace is tr(QᵀAQ), which costs no more products, plus that of (1 − QQᵀ) A (1 − QQᵀ), which random vectors estimate
(Hutch++: Meyer et al. 2021, with a Krylov space in the place of their sketch, as in Chen & Hallman 2022). The same
vectors estimate the sum of the squared eigenvalues. The distribution of the eigenvalues is that of the Ritz values of
the other runs, each weighted with the squared first entry of its Ritz vector (stochastic Lanczos quadrature).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

Product = Callable[[Tensor], Tensor]  # (row, entry) → (row, entry)
AT_ONCE = 32  # rows of the whole matrix


class Spectrum(NamedTuple):
    """Eigenvalues, or points and weights in their place; the error is a standard error, 0 if all of it is exact."""

    points: Tensor  # (point,)
    weights: Tensor  # (point,), with sum 1
    largest: Tensor  # (), the largest eigenvalue
    smallest: Tensor
    trace: Tensor
    trace_error: Tensor
    squares: Tensor  # the sum of the squared eigenvalues
    resolution: float  # in units of the largest eigenvalue

    @property
    def participation(self) -> float:
        """Participation ratio (Σ λ)² / Σ λ², which is k for k equal eigenvalues among zeros."""
        return (self.trace.square() / self.squares).item()

    def share_below(self, size: float) -> float:
        """Share of the eigenvalues whose size is below `size` times the largest; NaN if it is not resolved."""
        if size < self.resolution:
            return float("nan")
        return self.weights[self.points.abs() < size * self.largest].sum().item()


def whole(product: Product, like: Tensor) -> Spectrum:
    """All eigenvalues, from products with the unit vectors, as many as `like` has entries."""
    unit = torch.eye(len(like), dtype=like.dtype, device=like.device)
    matrix = torch.cat([product(rows) for rows in unit.split(AT_ONCE)])
    values = torch.linalg.eigvalsh((matrix + matrix.T) / 2)
    weights, exact = torch.full_like(values, 1 / len(values)), values.new_zeros(())
    return Spectrum(values, weights, values[-1], values[0], values.sum(), exact, values.square().sum(), 0)


def estimated(product: Product, like: Tensor, steps: int, runs: int, probes: int, seed: int) -> Spectrum:
    """Spectrum of a matrix from products with (runs + 1) · steps + probes vectors, as large as `like`."""
    drawn = torch.randn(1 + runs + probes, len(like), dtype=like.dtype, generator=torch.Generator().manual_seed(seed))
    drawn = drawn.to(like.device)
    basis, matrices = lanczos(product, drawn[: 1 + runs], steps)
    values, vectors = torch.linalg.eigh(matrices)  # (run, value), (run, step, value)
    points, weights = values[1:].flatten(), vectors[1:, 0].square().flatten() / runs
    first, krylov = basis[0], matrices[0]
    rest = drawn[1 + runs :]
    rest = rest - (rest @ first.T) @ first
    imaged = product(rest)
    imaged_rest = imaged - (imaged @ first.T) @ first
    traces = (rest * imaged).sum(1)
    # ‖A‖² = ‖QᵀAQ‖² + 2 ‖QᵀA(1 − QQᵀ)‖² + ‖(1 − QQᵀ)A(1 − QQᵀ)‖²
    squares = 2 * imaged.square().sum(1) - imaged_rest.square().sum(1)
    return Spectrum(
        points,
        weights,
        values[0, -1],
        values[0, 0],
        krylov.diagonal().sum() + traces.mean(),
        traces.std() / probes**0.5,
        krylov.square().sum() + squares.mean(),
        # about the distance of Ritz values at an end of the spectrum, or 0 lies within it, farther from them
        max(1 / steps**2, (values[1:].abs().amin(1).max() / values[0, -1].abs()).item()),
    )


def lanczos(product: Product, starts: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Orthonormal vectors (run, step, entry) and tridiagonal matrices (run, step, step) from starts (run, entry).

    A run whose space is exhausted goes on with zeros.
    """
    basis = starts.new_zeros(len(starts), steps, starts.shape[1])
    matrices = starts.new_zeros(len(starts), steps, steps)
    basis[:, 0] = starts / starts.norm(dim=1, keepdim=True)
    for step in range(steps):
        imaged = product(basis[:, step])
        matrices[:, step, step] = (imaged * basis[:, step]).sum(1)
        if step + 1 == steps:
            return basis, matrices
        size = imaged.norm(dim=1)
        for _ in range(2):  # once leaves what rounding adds
            found = basis[:, : step + 1]
            imaged = imaged - ((found @ imaged[..., None]).mT @ found)[:, 0]
        length = imaged.norm(dim=1)
        length = torch.where(length > 1e-12 * size, length, 0)
        matrices[:, step, step + 1] = matrices[:, step + 1, step] = length
        basis[:, step + 1] = torch.where(length[:, None] > 0, imaged / length[:, None], 0)
