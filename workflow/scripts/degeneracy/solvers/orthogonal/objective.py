"""The function that the descent and Newton's method minimise, with its first and second derivatives on O(n).

All arrays hold a batch of problems. A problem is one start of one pair of matrices.
"""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Pull:
    """The term that inputs add to the objective of each problem: ½‖P − C Q‖² = constant − ⟨C, P Qᵀ⟩.

    towards   (problem, n, n) P Qᵀ
    constant  (problem,)
    """

    towards: torch.Tensor
    constant: torch.Tensor

    @classmethod
    def between(cls, p, q, scale):
        """Build the term from P and Q (problem, n, m); `scale` (problem,) divides the errors."""
        constant = (p.square().sum((1, 2)) + q.square().sum((1, 2))) / 2
        return cls(p @ q.mT / scale[:, None, None], constant / scale)

    def take(self, index):
        return Pull(self.towards[index], self.constant[index])

    def to(self, dtype):
        return Pull(self.towards.to(dtype), self.constant.to(dtype))

    def error(self, c):
        return self.constant - dot(c, self.towards)

    def nearest(self):
        """(problem, n, n) the C that P and Q alone would choose: U Vᵀ, where P Qᵀ = U Σ Vᵀ (Schönemann 1966)."""
        u, _, vt = torch.linalg.svd(self.towards)
        return u @ vt

    def most(self):
        """(problem,) the largest possible ⟨C, P Qᵀ⟩."""
        return torch.linalg.svdvals(self.towards).sum(1)

    def stiffness(self):
        """(problem, n) diagonal of (P Qᵀ Q Pᵀ)^½, half the curvature along a rotation from axis i, at `nearest`."""
        u, values, _ = torch.linalg.svd(self.towards)
        return (u.square() @ values[..., None])[..., 0]


@dataclass(frozen=True)
class Objective:
    """½‖A − C B Cᵀ‖², plus the term of the inputs, as a function of C for each problem.

    a, b          (problem, n, n) of norm 1
    pull          the term of the inputs, or None
    scaling       (problem, n, n) preconditioner: coordinates of Ω are divided by it
    half_scaling  (problem, n, n) half of it
    """

    a: torch.Tensor
    b: torch.Tensor
    pull: Pull | None
    scaling: torch.Tensor
    half_scaling: torch.Tensor

    @classmethod
    def between(cls, a, b, pull=None):
        scaling = diagonal_scaling(a, pull)
        return cls(a, b, pull, scaling, scaling / 2)

    def take(self, index):
        a, b, scaling, half_scaling = (x[index] for x in (self.a, self.b, self.scaling, self.half_scaling))
        return Objective(a, b, self.pull and self.pull.take(index), scaling, half_scaling)

    def evaluate(self, c):
        """Error (problem,) and scaled Riemannian gradient (problem, n, n) at C.

        Both come from the residual R. With M = C B Cᵀ = A − R, skew(MᵀA − AMᵀ) = skew(ARᵀ − RᵀA), so the part of the
        gradient that is lost to rounding vanishes with R.
        """
        residual = torch.baddbmm(self.a, torch.bmm(c, self.b), c.mT, alpha=-1)  # (problem, n, n)
        error = torch.linalg.vector_norm(residual, dim=(1, 2)).square() / 2
        x = torch.baddbmm(torch.bmm(self.a, residual.mT), residual.mT, self.a, alpha=-1)
        if self.pull is not None:
            error = error + self.pull.error(c)
            x = torch.baddbmm(x, self.pull.towards, c.mT, alpha=-1)
        return error, (x - x.mT).mul_(self.half_scaling)


def diagonal_scaling(a, pull=None, floor=0.01):
    """(problem, n, n) reciprocal root of the Gauss–Newton Hessian's diagonal, ‖[Ω, A]‖² with Ω = e_i e_jᵀ − e_j e_iᵀ.

    Small eigenvalue gaps make the problem stiff. Without this scaling, slow and nearly symmetric operators need four
    times as many steps.
    """
    square, diagonal = a * a, a.diagonal(dim1=-2, dim2=-1)
    norms = square.sum(-1) + square.sum(-2)  # (problem, n)
    curvature = norms[:, :, None] + norms[:, None, :] - 4 * (diagonal[:, :, None] * diagonal[:, None, :] - a * a.mT)
    if pull is not None:
        stiffness = pull.stiffness()
        curvature = curvature + stiffness[:, :, None] + stiffness[:, None, :]
    mean = curvature.mean((1, 2), keepdim=True)
    return (curvature + floor * mean + torch.finfo(a.dtype).tiny).rsqrt()


def conjugation_gradient(a, m):
    """(…, n, n) skew-symmetric Riemannian gradient of ½‖A − M‖² along M → exp(Ω) M exp(−Ω)."""
    x = torch.baddbmm(m.mT @ a, a, m.mT, alpha=-1)
    return (x - x.mT) / 2


def hessian_product(a, m, turn, omega):
    """(problem, n, n) H Ω, the second derivative along exp(Ω) C.

    Without inputs, ⟨Ω, H Ω⟩ = ⟨[Ω, A], [Ω, M]⟩ and `turn` is the gradient. The term −⟨C, L⟩ of the inputs, L = P Qᵀ,
    adds −⟨Ω², L Cᵀ⟩; then `turn` is the gradient of the whole objective minus C Lᵀ.
    """
    x = torch.baddbmm(omega @ m, m, omega, alpha=-1)
    x = torch.baddbmm(x @ a.mT, a.mT, x, alpha=-1)
    x = torch.baddbmm(x, omega, turn, alpha=-1)
    return (x - x.mT) / 2


def polar(c):
    """Nearest orthogonal matrices of nearly orthogonal ones, by Newton–Schulz steps."""
    for _ in range(3):
        c = 1.5 * c - 0.5 * c @ (c.mT @ c)
    return c


def dot(x, y):
    return (x * y).sum((-2, -1))
