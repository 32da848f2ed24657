"""What a fixed-points artifact holds."""

from degeneracy.artifacts.schema import FLAG, FLOAT, INTEGER, Schema, Variable

POINT, SEED = ("point",), ("seed",)
FIXED_POINTS = Schema(
    "fixed_points",
    {
        "network": Variable(POINT, INTEGER, "seed of the network", "1"),
        "state": Variable(("point", "unit"), FLOAT, "state at the point", "activation"),
        "input": Variable(("point", "input_channel"), FLOAT, "constant input", "1"),
        "speed": Variable(POINT, FLOAT, "speed q = |F(h, u) - h|^2 / 2", "activation squared"),
        "converged": Variable(POINT, FLAG, "1: a fixed point (speed below tolerance), 0: a slow point", "1"),
        "eigenvalues_real": Variable(
            ("point", "unit"), FLOAT, "real part of the eigenvalues of the Jacobian, by decreasing modulus", "1"
        ),
        "eigenvalues_imag": Variable(("point", "unit"), FLOAT, "imaginary part of these eigenvalues", "1"),
        "n_unstable": Variable(POINT, INTEGER, "eigenvalues outside the unit circle", "1"),
        "n_marginal": Variable(POINT, INTEGER, "eigenvalues on the unit circle, within 1e-6", "1"),
        "dimension": Variable(
            POINT,
            INTEGER,
            "dimension of the continuum that the point stands for (1: a line or a ring), 0 if isolated",
            "1",
        ),
        "hits": Variable(POINT, INTEGER, "random starts that ended at the fixed point", "1", optional=True),
        "starts": Variable(SEED, INTEGER, "random starts", "1", optional=True),
        "starts_converged": Variable(SEED, INTEGER, "random starts that reached a fixed point", "1", optional=True),
        "fixed_points": Variable(SEED, INTEGER, "fixed points found; a continuum is one", "1", optional=True),
        "completeness": Variable(SEED, FLOAT, "share of all fixed points that was found, as estimated", "1"),
        "completeness_error": Variable(SEED, FLOAT, "standard error of this share", "1"),
        "index_sum": Variable(
            ("seed", "condition"),
            INTEGER,
            "sum of fixed-point indices, sign det(I - dF/dh); 1 for bounded units if none is missing or marginal",
            "1",
            optional=True,
        ),
    },
)
