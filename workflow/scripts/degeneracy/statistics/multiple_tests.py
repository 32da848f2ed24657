"""Adjustment of p-values for the number of tests."""

import numpy as np


def holm(p: np.ndarray) -> np.ndarray:
    """p-values adjusted for multiple tests by the step-down method of Holm (1979). NaN means no test and stays NaN."""
    adjusted = np.full(len(p), np.nan)
    tests = np.flatnonzero(~np.isnan(p))
    ascending = tests[np.argsort(p[tests], kind="stable")]
    steps = np.arange(len(ascending), 0, -1) * p[ascending]
    adjusted[ascending] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted
