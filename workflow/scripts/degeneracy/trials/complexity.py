"""How complex a task is, measured on its trials alone: entropies, dimensionality, and how far back targets depend."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from degeneracy.errors import UserError
from degeneracy.trials.schema import COMPLEXITY

BINS = 16  # symbols of a channel that takes more values than that: equal parts of its range
UNSEEN = 0.05  # estimated probability of symbols never seen above which a joint entropy is not estimated
SHARE = 0.9  # of what all of the past explains, reached by the window that is the memory demand
PRECISION = 1 / 20  # of a memory demand above 20 steps; below, it is exact
LEAST = 0.05  # explained variance below which the past says nothing of the target
PAIRS = (5000, 3000)  # steps of trials that regressors learn from and are tested on
FEATURES = 1000  # most inputs of a regressor: the longest window holds fewer steps where there are many channels
OUTPUTS = 4  # most channels of the target that are predicted, evenly chosen
CANDIDATES = 32  # features a tree may split at, drawn anew for each split


def measure(trials: xr.Dataset, seed: int = 0) -> xr.Dataset:
    """Complexity of a group of trials: entropies (bits a step), dimensionality and memory demand (steps).

    Entropies are those of the symbol shown at one step, drawn at random from all steps of all trials: how much there
    is to tell apart at a time. They are no entropy rates; that a symbol follows from those before is not counted.
    """
    inputs, targets = trials["inputs"].values, trials["targets"].values
    counted = trials["mask"].values > 0  # (trial, time)
    entropies = {"input": entropy(inputs.reshape(-1, inputs.shape[-1])), "target": entropy(targets[counted])}
    memory = memory_demand(inputs, targets, counted, np.random.default_rng(seed))
    values = {}
    for name, found in entropies.items():
        values[f"{name}_entropy"] = found.value
        values[f"{name}_entropy_is_bound"] = np.int8(found.is_bound)
        values[f"{name}_entropy_sum"] = found.sum
    values["target_dimension"] = participation_ratio(targets[counted])
    values["memory_demand"] = memory.demand
    values["explained_variance"] = memory.explained
    values["copied_trials"] = memory.copied
    window = ("window", memory.windows, {"long_name": "steps of the window, the present one included", "units": "step"})
    return COMPLEXITY.build(values, {"window": window}, regressor=memory.regressor)


class Entropy(NamedTuple):
    """Entropy in bits, whether it is an upper bound, and the sum of the channels' own entropies."""

    value: float
    is_bound: bool
    sum: float


def entropy(values: np.ndarray) -> Entropy:
    """Joint entropy (bits) of symbols (sample, channel): plug-in with the correction of Miller (1955) and Madow.

    A channel of at most `BINS` values has these as its symbols, so that a discrete task's entropy is its own; any
    other is cut into `BINS` equal parts of its range.

    # ASSUME: a continuous channel is known to a sixteenth of its range. Differential entropy would depend on units,
    # and bits at a fixed share of the range can be compared between tasks, though not with those of a discrete one.

    Where the symbols not seen hold more than `UNSEEN` of the probability (Good 1953: the share of the samples whose
    symbol was seen once), the joint entropy is out of reach and the sum of the channels' entropies, which bounds it
    from above, is given in its place: it counts what channels have in common more than once.
    """
    codes = [_symbols(channel) for channel in values.T]
    each = sum(_plug_in(code) for code in codes)
    joint = np.zeros(len(values), np.int64)
    for code in codes:
        joint = np.unique(joint * (code.max() + 1) + code, return_inverse=True)[1]
        if np.mean(np.bincount(joint)[joint] == 1) > UNSEEN:  # more channels only make this worse
            return Entropy(each, len(codes) > 1, each)
    return Entropy(_plug_in(joint), False, each)


def _symbols(channel: np.ndarray) -> np.ndarray:
    distinct, symbol = np.unique(channel, return_inverse=True)
    if len(distinct) <= BINS:
        return symbol
    low, high = distinct[0], distinct[-1]
    return np.minimum((BINS * ((channel - low) / (high - low))).astype(np.int64), BINS - 1)


def _plug_in(symbols: np.ndarray) -> float:
    counts = np.bincount(symbols)
    counts = counts[counts > 0]
    share = counts / len(symbols)
    nats = -np.sum(share * np.log(share)) + (len(counts) - 1) / (2 * len(symbols))
    return float(nats / np.log(2))


def participation_ratio(values: np.ndarray) -> float:
    """Participation ratio (Σλ)² / Σλ² of the covariance of samples (sample, channel): how many channels' worth vary.

    1 where all channels are one, as many as there are channels where they are independent and vary alike, NaN where
    nothing varies.
    """
    covariance = np.atleast_2d(np.cov(values.astype(float), rowvar=False))
    total = np.trace(covariance)
    return float(total**2 / np.sum(covariance**2)) if total > 0 else np.nan


class Memory(NamedTuple):
    """Memory demand (steps, NaN if inputs explain nothing), windows, what they explain, by which regressor, and copies.

    `copied` is the share of the trials predicted whose inputs are those of one learnt from.
    """

    demand: float
    windows: np.ndarray
    explained: np.ndarray
    regressor: str
    copied: float


def memory_demand(
    inputs: np.ndarray, targets: np.ndarray, counted: np.ndarray, generator: np.random.Generator
) -> Memory:
    """The shortest window of inputs that explains `SHARE` of the target's variance that the longest one explains.

    A window of k steps holds the inputs of this step and of the k − 1 before; a target that repeats the input of k
    steps ago has a demand of k + 1. Steps before the trial hold 0, and how many of the window's steps lie in the
    trial is told besides, so that the start of a trial is seen and a target may depend on the time since then.

    The target is predicted on other trials than those learnt from, by that one of two regressors that does better
    with the longest window: gradient-boosted trees (step-like targets), or ridge regression and extremely randomised
    trees on what it leaves (sums of inputs, smooth or tabulated targets). A longer window holds a shorter one, so that
    a fall with the window is the regressor's and is removed by a running maximum. Windows grow by doubling, and the
    step at which the share is reached is then found by bisection. Variance is that of all outputs together.

    # ASSUME: other trials are other draws from the task, and a task of few different trials draws copies of those
    # learnt from (the sine of one channel has as many as frequencies). Its demand is what it takes to tell these apart
    # and to know the time; split by distinct trials it would be what it takes to predict frequencies never heard,
    # which networks, trained on the same few, are not asked either. The share of copies is returned.

    # ASSUME: how far back the target depends on inputs is how far a good regressor needs to see; one that needs more
    # steps than there are data for is underestimated, so demands are compared within a task.

    Parameters
    ----------
    inputs, targets, counted : (trial, time, input), (trial, time, output) and which steps count (trial, time).
    """
    trials, steps, channels = inputs.shape
    if trials < 2:
        raise UserError(f"memory demand: given {trials} trial, needs 2 or more to learn from some and test on others")
    targets = targets[..., np.unique(np.linspace(0, targets.shape[-1] - 1, OUTPUTS).astype(int))]
    split = max(1, 3 * trials // 4)
    order = generator.permutation(trials)
    learnt, others = np.split(order, [split])
    fit, test = (_draw(counted, some, n, generator) for some, n in zip((learnt, others), PAIRS, strict=True))
    longest = min(steps, max(1, FEATURES // channels))

    def explained(window: int, regress) -> float:
        known, asked = (_windows(inputs, pairs, window) for pairs in (fit, test))
        predicted = regress(known, targets[fit], asked)
        total = np.sum((targets[test] - targets[fit].mean(0)) ** 2)
        return float(1 - np.sum((targets[test] - predicted) ** 2) / total) if total > 0 else 0.0

    best = {name: explained(longest, regress) for name, regress in REGRESSORS.items()}
    name = max(best, key=best.get)
    curve = {longest: best[name]}
    window = 1
    while window < longest:
        curve[window] = explained(window, REGRESSORS[name])
        window *= 2
    while True:
        windows = sorted(curve)
        running = np.maximum.accumulate([curve[window] for window in windows])
        place = int(np.argmax(running >= SHARE * running[-1]))
        below = windows[place - 1] if place else 0
        if windows[place] - below <= max(1, windows[place] * PRECISION) or running[-1] < LEAST:
            break
        middle = (below + windows[place]) // 2
        curve[middle] = explained(middle, REGRESSORS[name])
    demand = float(windows[place]) if running[-1] >= LEAST else np.nan
    known = {inputs[trial].tobytes() for trial in learnt}
    copied = float(np.mean([inputs[trial].tobytes() in known for trial in others]))
    return Memory(demand, np.array(windows, np.int32), running, name, copied)


def _draw(counted: np.ndarray, trials: np.ndarray, count: int, generator: np.random.Generator):
    """At most `count` pairs of a trial among some and a step that counts, as indices."""
    trial, time = np.nonzero(counted[trials])
    chosen = generator.choice(len(trial), min(count, len(trial)), replace=False)
    return trials[trial[chosen]], time[chosen]


def _windows(inputs: np.ndarray, pairs, window: int) -> np.ndarray:
    """Inputs (pair, window · input) of the last steps, and the share of the window that lies in the trial."""
    trial, time = pairs
    past = time[:, None] - np.arange(window)  # (pair, window)
    seen = inputs[trial[:, None], np.maximum(past, 0)] * (past >= 0)[..., None]
    inside = np.minimum(time + 1, window) / window
    return np.concatenate([seen.reshape(len(time), -1), inside[:, None]], axis=1).astype(np.float32)


def _boosted_trees(known: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> np.ndarray:
    options = {"learning_rate": 0.2, "max_iter": 60, "max_features": min(1.0, CANDIDATES / known.shape[1])}
    options |= {"early_stopping": False, "random_state": 0}
    fitted = (HistGradientBoostingRegressor(**options).fit(known, target) for target in targets.T)
    return np.stack([one.predict(asked) for one in fitted], axis=1)


def _ridge_and_trees(known: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> np.ndarray:
    ridge = Ridge(1.0).fit(known, targets)
    linear, asked_linear = (ridge.predict(each).reshape(len(each), -1) for each in (known, asked))
    share = min(1.0, CANDIDATES / known.shape[1])
    trees = ExtraTreesRegressor(20, max_features=share, min_samples_leaf=2, random_state=0)
    left = np.squeeze(targets - linear, 1) if targets.shape[1] == 1 else targets - linear
    trees.fit(np.concatenate([known, linear], 1), left)
    return asked_linear + trees.predict(np.concatenate([asked, asked_linear], 1)).reshape(asked_linear.shape)


REGRESSORS = {"boosted trees": _boosted_trees, "ridge and trees": _ridge_and_trees}
