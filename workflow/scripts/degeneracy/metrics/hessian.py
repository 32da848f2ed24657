"""Curvature of the training loss at each network: the spectrum of its Hessian (Sagun et al. 2017).

Most directions of the space of parameters are flat: the eigenvalues spread over many orders of magnitude. Summaries are
the largest eigenvalue, the trace, the participation ratio (Σ λ)² / Σ λ², a number of directions, and the shares of
eigenvalues whose size is below 10⁻⁷, 10⁻⁶, … 10⁻² of the largest, of the Hessian and of its Gauss-Newton part. The loss
is that of training on the first `trials` training trials, without noise and penalties.

The trace and the sum of squares are estimated from products with random vectors (Hutch++: Meyer et al. 2021), with a
standard error of the trace, and the distribution of the eigenvalues from `runs` runs of `steps` steps of Lanczos. They
do not resolve eigenvalues below 1/steps² of the largest, or below the smallest that a run finds: these shares are NaN.
`whole` computes the matrix and all of its eigenvalues, which is also done if there are fewer parameters than the
estimate takes products. The estimate of a copy with its units in another order differs by its error. On a flip-flop
network of 64 units, the estimate had the participation ratio to 1.2%, the trace to 0.7% and the shares to 0.01.
"""

from typing import Annotated

import numpy as np

from degeneracy.plugins.options import Range

LEVEL = "learning"
GPU = True
MEASURES = {
    "value": ("participation ratio of the Hessian", "1"),
    "largest": ("largest eigenvalue of the Hessian", "loss / parameter units squared"),
    "trace": ("trace of the Hessian", "loss / parameter units squared"),
    "flat": ("share of the eigenvalues below a thousandth of the largest", "1"),
    "gauss_newton_value": ("participation ratio of the Gauss-Newton part", "1"),
}
SYMMETRY = "signed"
NEEDS = ("readout", "inputs", "targets")
RANGE = {"value": (0, None), "flat": (0, 1), "gauss_newton_value": (1, None)}
SIZES = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)  # of `shares`, in units of the largest eigenvalue


def value(
    population,
    *,
    trials: Annotated[int, Range(1)] = 32,
    steps: Annotated[int, Range(32, 1000)] = 40,
    runs: Annotated[int, Range(1)] = 3,
    probes: Annotated[int, Range(2)] = 16,
    whole: bool = False,
) -> dict[str, np.ndarray]:
    """The measures (network), and of each matrix `shares` (network, size), the most negative eigenvalue (`smallest`),
    and the points and weights (network, point) of the distribution of its eigenvalues.
    """
    from degeneracy.metrics import _loss, _spectrum  # which load torch
    from degeneracy.metrics._trials import Trials

    def of_network(loss, vector) -> dict:
        derivatives, found = _loss.derivatives(loss, vector), {}
        products = {"": derivatives.hessian, "gauss_newton_": derivatives.gauss_newton}
        for prefix, product in products.items():
            if whole or len(vector) <= (runs + 1) * steps + probes:
                spectrum = _spectrum.whole(product, vector)
            else:
                spectrum = _spectrum.estimated(product, vector, steps, runs, probes, seed=0)
            found |= {f"{prefix}{name}": result for name, result in summary(spectrum).items()}
        return found

    return _loss.of_each(population, Trials.of(population, "train", trials), MEASURES, of_network)


def summary(spectrum) -> dict:
    """What is stored of a spectrum, by name."""
    shares = [spectrum.share_below(size) for size in SIZES]
    numbers = {name: getattr(spectrum, name).item() for name in ("largest", "smallest", "trace", "trace_error")}
    distribution = {name: getattr(spectrum, name).cpu().numpy() for name in ("points", "weights")}
    return (
        {"value": spectrum.participation, "flat": shares[SIZES.index(1e-3)], "shares": shares} | numbers | distribution
    )
