"""Whether two sets of trajectories share an attractor: where they are, and how fast they move (Hess et al. 2023).

Both measures forget when a state is visited, so they compare chaotic trajectories, which part however alike they are.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.special import rel_entr

JOINT = 3  # variables whose joint distribution is compared; with more, most boxes of a grid would be empty
PRIOR = 1e-5  # added to the count of each box
STILL = 1e-6  # SD of a standardised variable below which it counts as constant


def grid(data: np.ndarray, bins: int) -> np.ndarray:
    """Edges (variable, edge) of the boxes that hold data (…, variable), and a tenth of their SD on each side."""
    flat = data.reshape(-1, data.shape[-1])
    margin = 0.1 * flat.std(0)
    return np.linspace(flat.min(0) - margin, flat.max(0) + margin, bins + 1, axis=1)


def occupation(trajectories: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Share of the states of trajectories (trial, time, variable) in each box of a grid (grid, box).

    There is one grid of up to three variables. Of more, there is one of each two neighbours, the last and the first
    included. States beyond the `edges` (variable, edge) count in the boxes at the rim, and each box has 1e-5 counts
    besides.
    """
    # ASSUME: Hess et al. leave out what is beyond the grid; a network that left it would then have no divergence
    places = zip(np.moveaxis(trajectories, -1, 0), edges, strict=True)
    boxes = [np.clip(np.searchsorted(own, x.ravel(), "right") - 1, 0, len(own) - 2) for x, own in places]
    bins, count = edges.shape[1] - 1, len(boxes)
    grids = [range(count)] if count <= JOINT else [(first, (first + 1) % count) for first in range(count)]
    counts = [
        np.bincount(np.ravel_multi_index([boxes[one] for one in axes], [bins] * len(axes)), minlength=bins ** len(axes))
        for axes in grids
    ]
    shares = np.array(counts) + PRIOR
    return shares / shares.sum(1, keepdims=True)


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    """D_stsp, the Kullback–Leibler divergence (nat) of occupations (grid, box) from p to q, mean over the grids."""
    return float(rel_entr(p, q).sum(1).mean())


def spectrum(trajectories: np.ndarray, smoothing: float) -> np.ndarray:
    """Share of the power (frequency, variable) of trajectories (trial, time, variable), mean over the trials.

    The variables are standardised, and the spectra smoothed by a Gaussian whose SD is `smoothing` frequencies. What
    stands still has all its power at frequency 0.
    """
    deviation = trajectories.std((0, 1))
    still = deviation < STILL
    standard = (trajectories - trajectories.mean((0, 1))) / np.where(still, 1, deviation)
    power = np.square(np.abs(np.fft.rfft(standard, axis=1))).mean(0)  # (frequency, variable)
    if smoothing:
        power = gaussian_filter1d(power, smoothing, axis=0)
    power[:, still] = np.arange(len(power))[:, None] == 0
    return power / power.sum(0)


def hellinger(p: np.ndarray, q: np.ndarray) -> float:
    """D_H, the Hellinger distance of spectra (frequency, variable), from 0 to 1, mean over the variables."""
    return float(np.sqrt(np.square(np.sqrt(p) - np.sqrt(q)).sum(0) / 2).mean())
