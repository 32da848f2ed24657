"""Compare distances of dynamics: do they see what was planted, and does a trend under them hold?

    python tests/benchmarks/planting.py                                     # planted populations
    python tests/benchmarks/planting.py --networks LOW.nc HIGH.nc           # and networks of two levels of a sweep

A planted network consists of four blocks ("motifs") of tanh units, each driven by an input of its own, with amplitudes
that fall by factors of two. In a population of six networks k of the four motifs are the same in all networks, and
the others are drawn for each network. Every distance is between network i on one set of trials and network j on
another. Columns:

    falls      steps from k to k + 1 at which the degeneracy falls, sharing the strongest motifs first, and the weakest
               first
    weak       degeneracy when the weakest motif alone is shared (k = 1), relative to k = 0
    geometry   degeneracy when all motifs are shared and only their amplitudes differ, relative to k = 0 with equal
               ones: 0 for a distance of dynamics alone
    copies     Spearman correlation of the distance of noisy copies with the noise of their weights (1% to 30%)
    resolution distance over the distance of a network from itself, at k = 0
    ms         processor time of a pair

With networks of two levels, for each half of the seeds: the change from the first to the second level; then the worst
resolution of a level, and the Spearman correlation over pairs with a distance of the spectra of Σ₀, which sees only the
geometry of the states.
"""

import argparse
import itertools
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
from degeneracy.metrics import _operators, dsa_eigenvalues, input_dsa, soft_dsa
from degeneracy.networks import population as populations
from degeneracy.solvers.orthogonal import conjugation_distance

SIZE, MOTIFS, UNITS = 6, 4, 8  # networks of a population, motifs of a network, and units of a motif
STARTS = 6  # of a pair
AMPLITUDES = 0.5 ** np.arange(MOTIFS)
NOISE = (0.01, 0.03, 0.1, 0.3)


@dataclass(frozen=True)
class Network:
    """h(t + 1) = tanh(W h + X u + b)."""

    recurrent: np.ndarray
    inputs: np.ndarray
    bias: np.ndarray

    def step(self, state, inputs):
        return np.tanh(state @ self.recurrent.T + inputs @ self.inputs.T + self.bias)

    def run(self, inputs):
        """States (trial, time, unit)."""
        state, found = np.zeros((len(inputs), len(self.bias))), []
        for now in inputs.swapaxes(0, 1):
            state = self.step(state, now)
            found.append(state)
        return np.stack(found, 1)


@dataclass(frozen=True, eq=False)
class Sample:
    """A network, the states that it visits, and the inputs that drive it there."""

    network: Network
    states: np.ndarray
    inputs: np.ndarray


# --- distances: each is (features of a sample, distances of stacked features)


@cache
def moments(sample, delays=1):
    """Shares (direction) of the power of the delay-embedded states, and Σ₁ in their principal directions."""
    states, windows = sample.states, sample.states.shape[1] - delays + 1
    embedded = np.concatenate([states[:, delay : delay + windows] for delay in range(delays)], -1)
    share, change = soft_dsa.principal(embedded, embedded.shape[-1], "states")
    return share, change + np.diag(share)


def unit(x):
    return x / np.linalg.norm(x)


def hard(delays, rank):
    """DSA: the states whitened in their first `rank` directions."""

    def features(sample):
        share, advance = moments(sample, delays)
        whitening = share[:rank] ** -0.5
        return [unit(whitening[:, None] * advance[:rank, :rank] * whitening)]

    return features, aligned


def soft(*scales, delays=1, directions=32):
    def features(sample):
        share, advance = (x[:directions] for x in moments(sample, delays))
        return [soft_dsa.at_scale(share, advance[:, :directions], scale) for scale in scales]

    return features, aligned


def lag_covariance(directions=32):
    """Σ₁, not whitened."""
    return lambda sample: [unit(moments(sample)[1][:directions, :directions])], aligned


def increments(*scales, directions=32):
    """The softly whitened change z(t + 1) − z(t) in place of z(t + 1)."""

    def features(sample):
        share, advance = moments(sample)
        change = (advance - np.diag(share))[:directions, :directions]
        return [soft_dsa.at_scale(share[:directions], change, scale) for scale in scales]

    return features, aligned


def aligned(a, b):
    """Mean over the operators of ‖A − C B Cᵀ‖, each with its best C."""
    return np.mean(
        [conjugation_distance(*map(np.stack, pair), starts=STARTS).distance for pair in zip(a, b, strict=True)], 0
    )


def spectra():
    """Eigenvalues of Σ₁ Σ₀⁻¹, weighted by the power that their modes carry; 2-Wasserstein distance on 100 quanta."""

    def features(sample):
        share, advance = moments(sample)
        kept = share > 1e-6
        values, modes = np.linalg.eig(advance[np.ix_(kept, kept)] / share[kept])
        power = np.abs(np.sum(np.linalg.inv(modes) * (share[kept, None] * modes).T, 1))
        places = (np.arange(100) + 0.5) / 100
        order = np.argsort(-power)
        return [values[order][np.searchsorted(np.cumsum(power[order]) / power.sum(), places)]]

    def distance(a, b):
        cost = np.abs(np.stack(a[0])[:, :, None] - np.stack(b[0])[:, None, :]) ** 2
        return np.array([np.sqrt(each[linear_sum_assignment(each)].mean()) for each in cost])

    return features, distance


def eigenvalues(delays, rank):
    """`dsa_eigenvalues`."""

    def features(sample):
        share, advance = moments(sample, delays)
        return [np.linalg.eigvals(advance[:rank, :rank] / share[:rank])]

    def distance(a, b):
        return dsa_eigenvalues.distance(*({"eigenvalues": np.stack(each[0])} for each in (a, b)))

    return features, distance


def with_inputs(delays, rank):
    """`input_dsa`."""

    def features(sample):
        embedding = _operators.embed(sample.states, delays, 1, rank)
        return [unit(each) for each in _operators.input_operators(embedding, sample.inputs, delays, 1)]

    def distance(a, b):
        named = [dict(zip(("state", "input"), map(np.stack, each), strict=True)) for each in (a, b)]
        return input_dsa.distance(*named)["distance"]

    return features, distance


def conjugacy():
    """How far the linear map M that carries the states of one network to those of the other on the same trials is from
    carrying its steps, too, under inputs of other trials: ‖M F_a(z) − F_b(M z)‖, relative to the steps, both ways.
    """

    def features(sample):
        return [sample]

    def one_way(a, b):
        x, y = (each.states[:, 5:-1].reshape(-1, each.states.shape[-1]) for each in (a, b))
        u = a.inputs[:, 6:].reshape(-1, a.inputs.shape[-1])
        fit, test = slice(0, None, 2), slice(1, None, 2)
        ridge = 1e-4 * np.mean(x[fit] ** 2) * len(x[fit]) * np.eye(x.shape[1])
        carry = np.linalg.solve(x[fit].T @ x[fit] + ridge, x[fit].T @ y[fit])
        other = np.random.default_rng(0).permutation(u[test])
        begin = x[test] @ carry
        ends = a.network.step(x[test], other) @ carry, b.network.step(begin, other)
        return np.sum((ends[0] - ends[1]) ** 2) / sum(np.sum((end - begin) ** 2) for end in ends)

    def distance(a, b):
        return np.array([np.sqrt((one_way(x, y) + one_way(y, x)) / 2) for x, y in zip(a[0], b[0], strict=True)])

    return features, distance


DISTANCES = {
    **{f"DSA, {d} delay{'s' * (d > 1)}, rank {r}": hard(d, r) for d, r in ((5, 10), (5, 20), (1, 8), (1, 12), (1, 20))},
    **{
        f"DSA eigenvalues, {d} delay{'s' * (d > 1)}, rank {r}": eigenvalues(d, r) for d, r in ((5, 10), (1, 8), (1, 20))
    },
    **{f"input DSA, {d} delay{'s' * (d > 1)}, rank {r}": with_inputs(d, r) for d, r in ((5, 10), (1, 8), (1, 20))},
    "lag covariance": lag_covariance(),
    **{f"soft, λ = {scale:g}": soft(scale) for scale in (0.1, 0.01, 0.001)},
    "soft, λ = 0.01, 5 delays": soft(0.01, delays=5),
    "soft, mean": soft(0.1, 0.01, 0.001),
    **{f"increments, λ = {scale:g}": increments(scale) for scale in (0.1, 0.01, 0.001)},
    "increments, mean (`soft_dsa`)": increments(0.1, 0.01, 0.001),
    "weighted spectra": spectra(),
    "conjugacy": conjugacy(),
}


def measured(distance, samples, others, pairs):
    """Distances (pair) of samples[i] from others[j]. Conjugacy needs the same trials for both."""
    features, between = distance
    a = [features(each) for each in samples]
    b = a if distance is DISTANCES["conjugacy"] else [features(each) for each in others]
    sides = [[side[index] for index in column] for side, column in zip((a, b), np.transpose(pairs), strict=True)]
    return between(*(list(zip(*side, strict=True)) for side in sides))


# --- planted populations


def motif(generator, amplitude, linear):
    recurrent = generator.uniform(0.7, 1.2) * generator.standard_normal((UNITS, UNITS)) / np.sqrt(UNITS)
    spectral = np.abs(np.linalg.eigvals(recurrent)).max()
    recurrent = recurrent * min(1, 0.95 / spectral)
    return recurrent, generator.standard_normal((UNITS, 1)) * amplitude * (0.05 if linear else 1)


def planted(shared, seed, networks=SIZE, own_amplitudes=False):
    """Networks whose motifs named in `shared` are the same; the others are drawn for each network."""
    found = []
    for index in range(networks):
        recurrent = np.zeros((MOTIFS * UNITS,) * 2)
        inputs = np.zeros((MOTIFS * UNITS, MOTIFS))
        for place, amplitude in enumerate(AMPLITUDES):
            own = [] if place in shared else [index]
            if own_amplitudes:
                amplitude = 10 ** np.random.default_rng([seed, place, index, 1]).uniform(-1, 0)
            drawn = motif(np.random.default_rng([seed, place, 2, *own]), amplitude, own_amplitudes)
            here = slice(place * UNITS, (place + 1) * UNITS)
            recurrent[here, here], inputs[here, place : place + 1] = drawn
        found.append(Network(recurrent, inputs, np.zeros(MOTIFS * UNITS)))
    return found


def samples(networks, seed, trials=100, steps=40):
    inputs = np.random.default_rng(seed).standard_normal((trials, steps, MOTIFS))
    return [Sample(each, each.run(inputs), inputs) for each in networks]


def twice(networks, seed):
    """The networks on two independent sets of trials."""
    return samples(networks, [seed, 7]), samples(networks, [seed, 8])


def ring(count, ahead=2):
    """Each network with the next ones."""
    return [(one, (one + step) % count) for one in range(count) for step in range(1, ahead + 1)]


def planting(distance, repeats):
    falls, weak, geometry, copies, resolution, spent, pairs = [], [], [], [], [], 0.0, 0
    for seed in range(repeats):
        for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
            curve = []
            for count in range(MOTIFS + 1):
                both = twice(planted(order[:count], seed), seed)
                start = time.process_time()
                curve.append(measured(distance, *both, ring(SIZE)).mean())
                spent, pairs = spent + time.process_time() - start, pairs + len(ring(SIZE))
            falls += [after < before for before, after in itertools.pairwise(curve)]
            if order[0]:
                weak.append(curve[1] / curve[0])
        one, other = twice(planted([], seed), seed)
        resolution.append(curve[0] / measured(distance, one, other, [(n, n) for n in range(SIZE)]).mean())
        same = twice(planted(range(MOTIFS), seed, own_amplitudes=True), seed)
        geometry.append(measured(distance, *same, ring(SIZE)).mean() / curve[0])
        noise, apart = [], []
        for level in NOISE:
            moved = [disturbed(each.network, level, seed) for each in one[:4]]
            noise += [level] * 4
            both = one[:4] + samples(moved, [seed, 7])
            apart += list(measured(distance, both, both, [(n, n + 4) for n in range(4)]))
        copies.append(spearmanr(noise, apart).statistic)
    return np.mean(falls), np.mean(weak), np.mean(geometry), np.mean(copies), np.mean(resolution), 1e3 * spent / pairs


def disturbed(network, level, seed):
    noise = np.random.default_rng([seed, 9]).standard_normal(network.recurrent.shape)
    noise *= level * np.linalg.norm(network.recurrent) / np.linalg.norm(noise)
    return Network(network.recurrent + noise, network.inputs, network.bias)


# --- trained networks


def trained(path, trials, count=16):
    """The first networks that converged of an artifact, on two independent sets of trials."""
    read = populations.load([path])
    good = np.flatnonzero(read.status == 1)[:count]
    weights = [read.parameters[name] for name in ("recurrent_weights", "input_weights", "bias")]
    networks = [Network(*(each[index].astype(float) for each in weights)) for index in good]
    sets = []
    for seed in (1, 2):
        inputs = np.asarray(read.task.trials(np.random.default_rng([seed, 99]), trials).inputs, float)
        sets.append([Sample(each, each.run(inputs), inputs) for each in networks])
    return sets


def trends(distance, levels):
    """Changes (half of the seeds), worst resolution of a level, and correlation with the geometry."""
    means, resolution, geometry = [], [], []
    for one, other in levels:
        half = len(one) // 2
        pairs = ring(half, 3) + [(a + half, b + half) for a, b in ring(half, 3)]
        apart = measured(distance, one, other, pairs)
        means.append(apart.reshape(2, -1).mean(1))
        resolution.append(apart.mean() / measured(distance, one, other, [(n, n) for n in range(len(one))]).mean())
        powers = [unit(moments(each)[0]) for each in one]
        geometry.append(spearmanr(apart, [np.linalg.norm(powers[a] - powers[b]) for a, b in pairs]).statistic)
    return 100 * (means[-1] / means[0] - 1), min(resolution), np.mean(geometry)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--distances", nargs="+", default=list(DISTANCES), choices=list(DISTANCES), metavar="NAME")
    parser.add_argument("--networks", nargs=2, default=[], help="artifacts of two levels (vanilla cells, tanh)")
    parser.add_argument("--trials", type=int, default=256, help="for these networks; 1024 need 7 GB")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    columns = ("falls", "weak", "geometry", "copies", "resolution", "ms")
    columns = ("change, halves", "resolution", "geometry") if arguments.networks else columns
    print("|", " | ".join(("distance", *columns)), "|")
    levels = [trained(path, arguments.trials) for path in arguments.networks]
    for name in arguments.distances:
        if levels:
            change, resolution, geometry = trends(DISTANCES[name], levels)
            print(f"| {name} | {change[0]:+.0f}, {change[1]:+.0f}% | {resolution:.1f} | {geometry:.2f} |", flush=True)
        else:
            falls, weak, geometry, copies, resolution, ms = planting(DISTANCES[name], arguments.repeats)
            numbers = f"{100 * falls:.0f}% | {weak:.2f} | {geometry:.2f} | {copies:.2f} | {resolution:.0f} | {ms:.0f}"
            print(f"| {name} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
