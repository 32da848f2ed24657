"""Permutation distance: ours against SciPy's and qc-procrustes' solvers, on the same inputs in one process.

    OMP_NUM_THREADS=1 python tests/benchmarks/permutation.py [--units 32 64 128] [--pairs 3] [--two-opt-units 64]

Each row is the mean over pairs: the distance found, our lower bound, the time a pair, and the distance and time
relative to ours. A permuted copy with noise has the planted distance ‖noise‖, which a solver should reach.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from scipy.optimize import quadratic_assignment

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))
from degeneracy.solvers.permutation import matching_distance

NOISE = (0.0, 0.01, 0.05, 0.1, 0.3)


def weights(units, kind, rng):
    """Untrained weights U(−1/√n, 1/√n); `low rank` adds three directions of larger norm, as training does."""
    w = rng.uniform(-1, 1, (units, units)) / np.sqrt(units)
    if kind == "low rank":
        left, right = rng.standard_normal((2, units, 3)) / np.sqrt(units)
        w += left * [3.0, 2.5, 2.0] @ right.T
    return w


def value(w1, w2, p):
    return np.linalg.norm(w1 - w2[np.ix_(p, p)])


def scipy_faq(w1, w2):
    return value(w1, w2, quadratic_assignment(w1, w2, method="faq", options={"maximize": True}).col_ind)


def scipy_faq_10(w1, w2):
    rng = np.random.default_rng(0)
    options = {"maximize": True, "P0": "randomized", "rng": rng}
    return min(value(w1, w2, quadratic_assignment(w1, w2, method="faq", options=options).col_ind) for _ in range(10))


def scipy_two_opt(w1, w2):
    options = {"maximize": True, "rng": np.random.default_rng(0)}
    return value(w1, w2, quadratic_assignment(w1, w2, method="2opt", options=options).col_ind)


def procrustes(w1, w2):
    from procrustes import permutation_2sided

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = permutation_2sided(w2, w1, single=True, method="approx-normal1")
    return value(w1, w2, np.asarray(result.t).argmax(0))


def peers(units, two_opt_units):
    chosen = {"scipy faq": scipy_faq, "scipy faq ×10": scipy_faq_10}
    if units <= two_opt_units:
        chosen["scipy 2opt"] = scipy_two_opt
    try:
        import procrustes as _  # noqa: F401
    except ImportError:
        return chosen
    return chosen | {"procrustes": procrustes}


def timed(solve, *inputs):
    begin = time.perf_counter()
    answer = solve(*inputs)
    return answer, time.perf_counter() - begin


def compare(units, kind, pairs, two_opt_units):
    rows = {}
    for seed in range(pairs):
        rng = np.random.default_rng([seed, units])
        w1, w2 = weights(units, kind, rng), weights(units, kind, rng)
        matching, seconds = timed(matching_distance, w1, w2)
        rows.setdefault("ours", []).append((matching.distance[0], seconds))
        bound = rows.setdefault("bound", [])
        bound.append(matching.lower_bound[0])
        for name, solve in peers(units, two_opt_units).items():
            rows.setdefault(name, []).append(timed(solve, w1, w2))
    bound = np.mean(rows.pop("bound"))
    ours, ours_seconds = np.array(rows["ours"]).T
    for name, results in rows.items():
        found, seconds = np.array(results).T
        print(
            f"{units:5d}  {kind:9s}  {name:14s}  {found.mean():9.4f}  {bound:7.3f}  {seconds.mean():9.4f}"
            f"  {np.mean(found / ours):8.4f}  {seconds.mean() / ours_seconds.mean():7.1f}"
        )
    best = np.min([np.array(results)[:, 0] for name, results in rows.items() if name != "ours"], axis=0)
    print(
        f"{'':16s}  ours over the best peer: mean {np.mean(ours / best) - 1:+.3%}, most {np.max(ours / best) - 1:+.3%}"
    )


def compare_planted(units, kind, signed, pairs):
    reached, seconds = np.zeros(len(NOISE), int), []
    for index, noise in enumerate(NOISE):
        for seed in range(pairs):
            rng = np.random.default_rng([seed, units, index])
            w1, p = weights(units, kind, rng), rng.permutation(units)
            s = rng.choice([-1.0, 1.0], units) if signed else np.ones(units)
            error = noise * w1.std() * rng.standard_normal(w1.shape)
            w2 = np.outer(s, s) * w1[np.ix_(p, p)] + error
            matching, elapsed = timed(matching_distance, w1, w2, signed)
            reached[index] += matching.distance[0] <= np.linalg.norm(error) * (1 + 1e-9) + 1e-12
            seconds.append(elapsed)
    shares = "  ".join(f"{noise:.0%}: {count}/{pairs}" for noise, count in zip(NOISE, reached, strict=True))
    print(f"{units:5d}  {kind:9s}  {'signed' if signed else 'unsigned':8s}  {shares}  {np.mean(seconds):8.4f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, nargs="+", default=[32, 64, 128], help="numbers of units")
    parser.add_argument("--pairs", type=int, default=3, help="pairs a row")
    parser.add_argument("--two-opt-units", type=int, default=64, help="run SciPy's 2-opt up to so many (128: a minute)")
    parser.add_argument("--planted-units", type=int, nargs="+", default=[32, 128, 256])
    arguments = parser.parse_args()
    if "procrustes" not in peers(1, 0):
        print("qc-procrustes is not installed and left out; pip install qc-procrustes adds it")
    print("units  kind       solver           distance    bound  s a pair   ÷ ours  ÷ our s")
    for units in arguments.units:
        for kind in ("random", "low rank"):
            compare(units, kind, arguments.pairs, arguments.two_opt_units)
    print("\nPermuted copies with noise (of the weights' SD) found at or below the planted distance")
    for units in arguments.planted_units:
        for kind in ("random", "low rank"):
            for signed in (False, True):
                compare_planted(units, kind, signed, min(2, arguments.pairs))


if __name__ == "__main__":
    main()
