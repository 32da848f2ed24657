"""A proven lower bound of the distance between two networks up to a relabelling of units."""

import numpy as np
from scipy.optimize import linear_sum_assignment

EPS = np.finfo(np.float64).eps


def lower_bound(pair) -> float:
    """The better of two proven bounds on the distance, each with an allowance for rounding taken off.

    Spectral: P is orthogonal, so the symmetric and the skew part add. Each is at least the distance of its sorted
    eigenvalues (Hoffman & Wielandt 1953), and together they are at least that of the sorted singular values (Mirsky
    1960). A permutation also keeps the vector of ones. So the mean and the row and column means split off exactly, and
    the bound holds for the centred remainder (Hadley, Rendl & Wolkowicz 1992).
    Profiles (Gilmore 1962, Lawler 1963): matching unit i to unit j costs at least the distance of their sorted rows and
    columns.
    """
    w1, f1, w2, f2, signed = pair.w1, pair.f1, pair.w2, pair.f2, pair.signed
    profiles = _assignment_value(_row_costs(f1, f2, signed) + _profile_costs(w1, w2, signed))
    if signed:
        spectral = _assignment_value(_row_costs(f1, f2, signed)) + _spectral_bound(w1, w2)
    else:
        (mean1, sums1, rest1), (mean2, sums2, rest2) = _centre(w1), _centre(w2)
        split = _row_costs(np.hstack([sums1, f1]), np.hstack([sums2, f2]), signed)  # (unit, unit)
        spectral = (mean1 - mean2) ** 2 + _assignment_value(split) + _spectral_bound(rest1, rest2)
    rounding = 8 * len(w1) * EPS * (np.sum(w1**2) + np.sum(w2**2) + np.sum(f1**2) + np.sum(f2**2))
    return float(np.sqrt(max(0.0, profiles - rounding, spectral - rounding)))


def _assignment_value(costs):
    """The least sum of costs (unit, unit) over all permutations."""
    return costs[linear_sum_assignment(costs)].sum()


def _centre(w):
    """Mean, deviations (unit, 2) of row and column sums, and remainder (unit, unit): an orthogonal split of ‖W‖²."""
    units = len(w)
    rows, columns, mean = w.mean(1), w.mean(0), w.mean()
    rest = w - rows[:, None] - columns + mean
    return units * mean, np.sqrt(units) * np.stack([rows - mean, columns - mean], 1), rest


def _spectral_bound(w1, w2):
    """Bound of ‖W₁ − PᵀW₂P‖² for all orthogonal P."""

    def spectra(w):
        return np.linalg.eigvalsh((w + w.T) / 2), *(
            np.linalg.svd(part, compute_uv=False) for part in ((w - w.T) / 2, w)
        )

    symmetric, skew, singular = (np.sum((x - y) ** 2) for x, y in zip(spectra(w1), spectra(w2), strict=True))
    return max(symmetric + skew, singular)


def _row_costs(f1, f2, signed):
    """‖F₁ᵢ − F₂ⱼ‖² (unit, unit) for rows of features, with the better sign of F₂ⱼ when signed."""
    product = f1 @ f2.T
    product = np.abs(product) if signed else product
    return np.sum(f1**2, 1)[:, None] + np.sum(f2**2, 1) - 2 * product


def _profile_costs(w1, w2, signed):
    """(W₁ᵢᵢ − W₂ⱼⱼ)² + half the squared distances of the sorted other entries of rows and columns (unit, unit)."""

    def profiles(w):
        others = w[~np.eye(len(w), dtype=bool)].reshape(len(w), -1)  # (unit, unit − 1)
        return np.sort(np.abs(others) if signed else others, 1) / np.sqrt(2)

    between = (w1.diagonal()[:, None] - w2.diagonal()) ** 2
    rows = _row_costs(profiles(w1), profiles(w2), False)
    return between + rows + _row_costs(profiles(w1.T), profiles(w2.T), False)
