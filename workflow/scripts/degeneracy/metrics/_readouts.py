"""What metrics share that compare networks by their outputs, in units of the targets."""

import numpy as np

from degeneracy.errors import UserError


def deviation(trials) -> float:
    """RMS deviation of the targets from their mean, over all trials, times and outputs that count in the loss."""
    counted = trials["targets"].values[trials["mask"].values > 0].astype(float)  # (sample, output)
    return float(np.sqrt(np.square(counted - counted.mean(0)).mean())) or 1.0


def check_outputs(a: np.ndarray, b: np.ndarray, metric: str) -> None:
    """Raise UserError if networks differ in their number of outputs (…, output)."""
    counts = a.shape[-1], b.shape[-1]
    if counts[0] != counts[1]:
        raise UserError(f"{metric}: networks of {counts[0]} and of {counts[1]} outputs cannot be compared")
