"""Outcomes of training, as stored in `status`."""

NOT_CONVERGED, CONVERGED, DIVERGED = 0, 1, 2
STATUS = {"not_converged": NOT_CONVERGED, "converged": CONVERGED, "diverged": DIVERGED}
