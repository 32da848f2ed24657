"""Fixed points: ours against gradient descent on q, the usual tool's method, from the same starts in one process.

    OMP_NUM_THREADS=1 python tests/benchmarks/fixed_points.py NETWORKS.nc TRIALS.nc [--networks 2] [--starts 1024]

The usual tool is FixedPointFinder (Golub & Sussillo 2018). The package asks for versions of TensorFlow and PyTorch of
its own, so its method is restated here with the settings of its PyTorch version: Adam on the mean of q over all starts
in float32, learning rate 0.05 times 0.7 every 500 steps, at most 5000 steps (its general default; its PyTorch version
stops at 2000), until q < 1e-12 or q changes by less than 1e-20 for every start. It is run in float64 besides. An end
with q < 1e-12 is accepted (ours: q < 1e-24), and ends that differ by less than 1e-3 are one point. The package itself
accepts all ends, so this is kinder to it.

Times are seconds of this process on one thread. `of ours` counts the points within 1e-3 of one that ours found. Below
the table, a line for each network and number of starts says what the whole search finds, with its completion: points,
their estimated share of all, random starts, sum of the indices, and seconds.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))
from degeneracy.fixed_points.at_input import starts as drawn_starts
from degeneracy.fixed_points.find import find
from degeneracy.fixed_points.merge import unique
from degeneracy.fixed_points.search import search
from degeneracy.networks.population import Population, load
from degeneracy.plugins.discovery import make_cell, make_task

ACCEPTED = 1e-12  # q of the usual tool
TOLERANCE = 1e-24  # q of ours
APART = 1e-3  # distance at which two ends are two points


def speed(cell, parameters, state, inputs):
    return 0.5 * (cell.step(parameters, state, inputs) - state).square().sum(1)


def descend(cell, parameters, initial, inputs, dtype, iterations=5000):
    """Ends (start, unit) in float64 and their q of Adam on the mean q of all starts."""
    parameters = {name: value.to(dtype) for name, value in parameters.items()}
    state, inputs = initial.to(dtype).clone().requires_grad_(), inputs.to(dtype)
    optimiser = torch.optim.Adam([state], lr=0.05)
    schedule = torch.optim.lr_scheduler.StepLR(optimiser, step_size=500, gamma=0.7)
    before = torch.full((len(state),), torch.inf, dtype=dtype)
    for _ in range(iterations):
        optimiser.zero_grad()
        q = speed(cell, parameters, state, inputs)
        q.mean().backward()
        optimiser.step()
        schedule.step()
        q = q.detach()
        if torch.all((q < ACCEPTED) | ((q - before).abs() < 1e-20)):
            break
        before = q
    end = state.detach()
    return end.double(), speed(cell, parameters, end, inputs).double()


def levenberg_marquardt(cell, parameters, initial, inputs):
    own = {name: value[0] for name, value in parameters.items()}
    found = search(cell, own, initial, inputs, TOLERANCE, 200)
    return found.state, found.speed


METHODS = {
    "ours": (levenberg_marquardt, TOLERANCE),
    "Adam, float32": (lambda *given: descend(*given, torch.float32), ACCEPTED),
    "Adam, float64": (lambda *given: descend(*given, torch.float64), ACCEPTED),
}


def compare(one: Population, starts: int) -> None:
    cell, constant = make_cell(one.condition), make_task(one.condition).constant_inputs()[0]
    parameters = {name: torch.as_tensor(value, dtype=torch.float64) for name, value in one.parameters.items()}
    states = one.states[0]
    noise = 0.2 * np.sqrt(states.reshape(-1, states.shape[-1]).var(0).mean())
    initial = torch.as_tensor(drawn_starts(states, starts, noise, np.random.default_rng(0)))
    inputs = torch.as_tensor(constant, dtype=torch.float64).expand(len(initial), -1)
    ours, seconds = None, None
    for name, (method, tolerance) in METHODS.items():
        begin = time.process_time()
        state, q = (each.numpy() for each in method(cell, parameters, initial, inputs))
        accepted = q < tolerance
        chosen = np.flatnonzero(accepted)
        points = state[chosen[unique(state[chosen], q[chosen], APART)]] if len(chosen) else state[:0]
        elapsed = time.process_time() - begin
        ours, seconds = (points, elapsed) if ours is None else (ours, seconds)
        gaps = np.linalg.norm(ours[:, None] - points[None], axis=-1)  # (ours, point)
        same = int((gaps.min(1, initial=np.inf) < APART).sum())
        most = q[accepted].max(initial=0)
        print(
            f"{one.condition['model']['cell']:8s} {one.seeds[0]:4d}  {name:14s} {len(points):7d} {same:8d}"
            f" {accepted.mean():9.1%}  {most:9.1e} {elapsed:8.2f} {elapsed / seconds:8.1f}",
            flush=True,
        )


def whole_search(one: Population, starts: int) -> None:
    """What the stage finds with so many random starts a round."""
    options = {"starts": starts, "rounds": 4, "noise": 0.2, "tolerance": TOLERANCE, "slow_tolerance": 1e-4}
    options |= {"merge_distance": 1e-5, "iterations": 200, "seed": 0}
    begin = time.process_time()
    data = find(one, options, lambda line: None)
    elapsed, share = time.process_time() - begin, (data["completeness"].item(), data["completeness_error"].item())
    print(
        f"{one.seeds[0]:4d}  {data['fixed_points'].item():5d} points, {share[0]:.1%} ± {share[1]:.1%} of all,"
        f" {data['starts'].item():5d} starts, indices {data['index_sum'].values[0].tolist()}, {elapsed:.2f} s",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", help="networks artifact")
    parser.add_argument("trials", help="trials artifact of the same condition")
    parser.add_argument("--networks", type=int, default=2, dest="count", help="networks to compare on")
    parser.add_argument("--starts", type=int, default=1024)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    loaded = load([arguments.networks], arguments.trials)
    print("cell     seed  method          points  of ours  accepted  largest q        s  ÷ our s")
    for seed in loaded.seeds[: arguments.count]:
        compare(loaded.where(loaded.seeds == seed), arguments.starts)
    for starts in (64, arguments.starts):
        for seed in loaded.seeds[: arguments.count]:
            whole_search(loaded.where(loaded.seeds == seed), starts)


if __name__ == "__main__":
    main()
