"""Permutation distance: ours against SciPy's and qc-procrustes' solvers, on the same inputs in one process.

    OMP_NUM_THREADS=1 python tests/benchmarks/permutation.py [--units 32 64 128] [--pairs 3] [--two-opt-units 64]
    OMP_NUM_THREADS=1 python tests/benchmarks/permutation.py --units --networks results/flip_flop/*/networks/*.nc

Each row is the mean over pairs: the distance found, our lower bound, the time a pair, and the distance and time
relative to ours. The second table is of one group of networks a row, the networks of a folder: by how much our distance
exceeds the best of 40 starts (below 0: it is better), on average and at most, and the best of ten times as many
searches, which must not grow with the task; the spread between searches; and the time a pair. A permuted copy with
noise has the planted distance ‖noise‖, which a solver should reach.
"""

import argparse
import sys
import time
import warnings
from itertools import combinations
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.optimize import quadratic_assignment

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))
from degeneracy.solvers.permutation import matching_distance
from degeneracy.solvers.permutation.annealing import random_starts
from degeneracy.solvers.permutation.problem import Pair
from degeneracy.solvers.permutation.tabu import improved

NOISE = (0.0, 0.01, 0.1, 0.3, 0.7, 1.0)


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


def best_of_starts(w1, w2, signed, count):
    """(pair,) the least distance at the local minima that `count` annealed starts of each pair reach."""
    found = []
    for one, other in zip(w1, w2, strict=True):
        nothing, rng = np.zeros((len(one), 0)), np.random.default_rng(1)
        pair = Pair(one, nothing, other, nothing, signed)
        problem = pair.problem()
        starts = (start for _ in range(count // 10) for start in random_starts(problem, 10, rng))
        found.append(min(pair.distance(*improved(problem, *start, 0, rng)) for start in starts))
    return np.array(found)


def groups(files, units):
    """Name -> weights (network, unit, unit): of each folder of network files, or made up where there are none."""
    if not files:
        rng = np.random.default_rng(0)
        made = {rank: rng.standard_normal((2, 6, units, rank)) / np.sqrt(units) for rank in (2, 3, 4)}
        noise = rng.uniform(-1, 1, (6, units, units)) / np.sqrt(units)
        return {f"low rank {rank}": noise + 2 * left @ right.mT for rank, (left, right) in made.items()}
    folders = {}
    for file in map(Path, files):
        with xr.open_dataset(file) as networks:
            folders.setdefault(file.parents[1].name, []).append(networks["recurrent_weights"].values.astype(float))
    return {name: np.concatenate(parts) for name, parts in sorted(folders.items())}


def compare_excess(name, weights, pairs, signed):
    """What our distance exceeds by: the best of 40 starts, and the best of ten times as many searches."""
    chosen = np.array(list(combinations(range(len(weights)), 2)))
    chosen = chosen[:: max(1, len(chosen) // pairs)][:pairs].T
    w1, w2 = weights[chosen[0]], weights[chosen[1]]
    found, seconds = timed(matching_distance, w1, w2, signed)
    of_starts = best_of_starts(w1, w2, signed, 40)
    of_searches = np.min([matching_distance(w1, w2, signed, seed=seed).distance for seed in range(1, 11)], axis=0)
    excess, unresolved = (found.distance / best - 1 for best in (of_starts, np.minimum(of_searches, found.distance)))
    print(
        f"{name[:40]:40s}  {'signed' if signed else 'unsigned':8s}  {excess.mean():+8.3%}  {excess.max():+8.3%}"
        f"  {unresolved.mean():+8.3%}  {np.mean(found.spread / found.distance):8.3%}  {seconds / len(w1):8.3f}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, nargs="*", default=[32, 64, 128], help="numbers of units")
    parser.add_argument("--pairs", type=int, default=3, help="pairs a row")
    parser.add_argument("--two-opt-units", type=int, default=64, help="run SciPy's 2-opt up to so many (128: a minute)")
    parser.add_argument("--planted-units", type=int, nargs="*", default=[32, 128, 256])
    parser.add_argument("--networks", nargs="*", default=[], help="files of networks; made-up ones without")
    parser.add_argument("--group-pairs", type=int, default=12, help="pairs of a group of networks")
    arguments = parser.parse_args()
    if "procrustes" not in peers(1, 0):
        print("qc-procrustes is not installed and left out; pip install qc-procrustes adds it")
    for signed in (False, True):
        matching_distance(np.eye(9), np.eye(9)[::-1], signed)  # compiles
    print("units  kind       solver           distance    bound  s a pair   ÷ ours  ÷ our s")
    for units in arguments.units:
        for kind in ("random", "low rank"):
            compare(units, kind, arguments.pairs, arguments.two_opt_units)
    print(f"\n{'group':40s}  symmetry  of 40    most      of all    spread    s a pair")
    for name, own in groups(arguments.networks, 64).items():
        for signed in (False, True):
            compare_excess(name, own, arguments.group_pairs, signed)
    print("\nPermuted copies with noise (of the weights' SD) found at or below the planted distance")
    for units in arguments.planted_units:
        for kind in ("random", "low rank"):
            for signed in (False, True):
                compare_planted(units, kind, signed, min(2, arguments.pairs))


if __name__ == "__main__":
    main()
