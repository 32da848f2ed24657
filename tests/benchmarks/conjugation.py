"""Compare `conjugation_distance` with the optimiser of the PyPI package dsa-metric, on the same operators, one thread.

    python tests/benchmarks/conjugation.py --ranks 10 20 50 100 --kinds trained trained+5% --pairs 2

Ours solves `--batch` pairs at once, the peer the first `--pairs` of them one by one: ours is time a pair in a batch.
Times are CPU time of the one thread, which other work on the machine changes less than wall time; the peer runs between
two runs of ours, and ours is the mean of both. The peer's distance depends on the direction, ours does not, so its
1,500 iterations run in both and the smaller distance counts; `one` and `both` say how many times as long the peer takes
for one direction and for both. Values are means over those first pairs; `worst` is the largest ratio of ours to the
peer's 1,500 iterations over them, `planted` that of ours to the norm of the noise that was added to a copy, over the
whole batch. Operators `trained` come from 8 networks of the default experiment, trained first (a minute or two):
there are 28 pairs of them.
"""

import argparse
import itertools
import math
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import torch
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
from degeneracy.experiment.condition import dumps
from degeneracy.experiment.resolve import resolve
from degeneracy.metrics import _operators
from degeneracy.networks import training
from degeneracy.networks.population import Population
from degeneracy.solvers.orthogonal import conjugation_distance
from degeneracy.trials.generate import generate

try:
    from DSA.simdist import SimilarityTransformDist
except ImportError as error:
    SimilarityTransformDist = None
    MISSING = (
        f"dsa-metric cannot be imported ({error}): its columns stay empty. Install it with `pip install dsa-metric`."
    )

ROOT = Path(__file__).resolve().parents[2]
ITERATIONS = (200, 1500)  # the peer's default, and what it needs


def rotation(rng, size):
    q, r = np.linalg.qr(rng.standard_normal((size, size)))
    return q * np.sign(np.diag(r))


def gaussian(rng, size):
    return rng.standard_normal((size, size))


def oscillating(rng, size):
    """Near-orthogonal: rotations with decay, a few eigenvalues close to 1, a weak non-normal part."""
    x = np.diag(1 - 0.01 * rng.random(size))
    for i in range(max(2, size // 10), size - 1, 2):
        angle, radius = rng.normal(0, 0.5), max(0.2, 1 - rng.exponential(0.08))
        x[i : i + 2, i : i + 2] = radius * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    x += 0.3 * np.triu(rng.standard_normal((size, size)), 1) / np.sqrt(size)
    q = rotation(rng, size)
    return q @ x @ q.T


def slow(rng, size):
    """A few slow modes carry the norm, the rest decays."""
    few = max(3, size // 6)
    fast = 0.5 * 0.9 ** np.arange(size - few) * rng.random(size - few)
    x = np.diag(np.concatenate([1 - 0.05 * rng.random(few), fast]))
    x += np.triu(rng.standard_normal((size, size)), 1) / np.sqrt(size) / 10
    q = rotation(rng, size)
    return q @ x @ q.T


def network(rng, size):
    """DMD of delay-embedded states of a random tanh network driven by pulses."""
    units, trials, steps, delays = 64, 30, 80, 5
    recurrent = rng.uniform(0.8, 1.3) * rng.standard_normal((units, units)) / np.sqrt(units)
    drive = 0.5 * rng.standard_normal((units, 3))
    state, states = np.zeros((trials, units)), []
    for _ in range(steps):
        pulse = (rng.random((trials, 3)) < 0.15) * rng.choice([-1, 1], (trials, 3))
        state = np.tanh(state @ recurrent.T + pulse @ drive.T)
        states.append(state)
    states = np.stack(states, 1)  # (trial, time, unit)
    embedded = np.concatenate([states[:, d : steps - delays + 1 + d] for d in range(delays)], -1)
    flat = embedded.reshape(-1, embedded.shape[-1])
    modes = np.linalg.svd(flat - flat.mean(0), full_matrices=False)[2][:size]
    reduced = (embedded - flat.mean(0)) @ modes.T
    reduced /= reduced.reshape(-1, size).std(0)
    before, after = reduced[:, :-1].reshape(-1, size), reduced[:, 1:].reshape(-1, size)
    return np.linalg.lstsq(before, after, rcond=None)[0].T


@cache
def trained_states():
    """States (network, trial, time, unit) on the probe trials of 3-bit flip-flop networks of the default experiment."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    conditions = (each.spec for each in resolve(config, schema).conditions)
    condition = next(each for each in conditions if each["task"]["channels"] == 3)
    drawn = generate(condition)
    networks = training.train(condition, range(8), drawn["train"], torch.device("cpu"), report=lambda line: None)
    networks.attrs["condition"] = dumps(condition)
    return Population(networks).run(drawn["probe"]["inputs"].values)[0]


def trained_pairs(size, count):
    operators = [
        _operators.operator(_operators.embed(states, 5, 1, size, f"network {index}"))
        for index, states in enumerate(trained_states())
    ]
    chosen = list(itertools.combinations([unit(each) for each in operators], 2))[:count]
    return tuple(np.stack(side) for side in zip(*chosen, strict=True))


OPERATORS = {"gaussian": gaussian, "oscillating": oscillating, "slow": slow, "network": network}


def unit(x):
    return x / np.linalg.norm(x)


def make_pairs(kind, size, count):
    """(count, size, size) twice, and the noise's norm or NaN; a kind `slow+5%` pairs an operator with its rotated copy
    plus noise of that norm."""
    name, _, noise = kind.partition("+")
    rng = np.random.default_rng([size, *map(ord, kind)])
    if name == "trained":
        a, b = trained_pairs(size, count)
    else:
        a = np.stack([unit(OPERATORS[name](rng, size)) for _ in range(count)])
        b = a if noise else np.stack([unit(OPERATORS[name](rng, size)) for _ in range(count)])
    if not noise:
        return a, b, math.nan
    level = float(noise.rstrip("%")) / 100
    copies = [(rotation(rng, size), x + level * unit(gaussian(rng, size))) for x in a]
    return a, np.stack([q @ x @ q.T for q, x in copies]), level


def peer(a, b, iterations):
    """Distance that the peer's C attains, in double precision (its own loss is in single), and CPU seconds a pair.

    The peer runs both components of O(n) itself.
    """
    values, started = [], time.process_time()
    for x, y in zip(a, b, strict=True):
        torch.manual_seed(0)
        solver = SimilarityTransformDist(iters=iterations, score_method="euclidean")
        solver.fit(*(torch.tensor(m, dtype=torch.float32) for m in (x, y)))
        c = np.asarray(solver.C_star.detach(), dtype=float)
        values.append(np.linalg.norm(x - c @ y @ c.T))
    return np.array(values), (time.process_time() - started) / len(a)


def ours(a, b):
    """Result and CPU seconds a pair."""
    started = time.process_time()
    found = conjugation_distance(a, b)
    return found, (time.process_time() - started) / len(a)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, nargs="+", default=[10, 50])
    parser.add_argument("--kinds", nargs="+", default=["gaussian", "network", "oscillating+5%"])
    parser.add_argument("--pairs", type=int, default=1, help="pairs given to the peer")
    parser.add_argument("--batch", type=int, default=16, help="pairs given to ours at once")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if SimilarityTransformDist is None:
        print(MISSING)
    else:
        peer(*make_pairs("gaussian", 4, 1)[:2], 2)  # warm up
    ours(*make_pairs("gaussian", 4, 1)[:2])
    columns = "ours    lower   planted peer200 peer1500 worst   ms/pair  peer200 peer1500  ratio200 one      both"
    print(f"rank kind            {columns}")
    for rank in arguments.ranks:
        for kind in arguments.kinds:
            a, b, noise = make_pairs(kind, rank, max(arguments.batch, arguments.pairs))
            found, first = ours(a, b)
            some = slice(min(arguments.pairs, len(a)))
            planted = f"{found.distance.max() / noise:.4f}" if noise == noise else "-"
            values = f"{found.distance[some].mean():.4f}  {found.lower_bound[some].mean():.4f}  {planted:<7}"
            row = f"{rank:<4} {kind:<15} {values}"
            if SimilarityTransformDist is None:
                print(f"{row} {'-':<7} {'-':<8} {'-':<7} {1e3 * first:<8.1f}", flush=True)
                continue
            few, many = ITERATIONS
            default, fast = peer(a[some], b[some], few)
            (there, late), (back, later) = peer(a[some], b[some], many), peer(b[some], a[some], many)
            long = np.minimum(there, back)
            mean = (first + ours(a, b)[1]) / 2
            worst = (found.distance[some] / long).max()
            print(
                f"{row} {default.mean():.4f}  {long.mean():.4f}   {worst:.4f}  {1e3 * mean:<8.1f} {1e3 * fast:<7.0f} "
                f"{1e3 * late:<8.0f}  {fast / mean:<8.0f} {late / mean:<8.0f} {(late + later) / mean:.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
