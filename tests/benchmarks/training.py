"""Time of one training step: ours against a loop over the stock layer (torch.nn.RNN) and against JAX, on one core.

    python tests/benchmarks/training.py

All train one network on the same minibatches with Adam and gradient clipping, in turn, in one process, on one
thread; the table shows

    ours, stock, JAX     median processor time of a step (ms): forward, backward, clipping, Adam; other work on the core
                         lengthens it less than the time on the wall
    ratios               median of the peer's time / ours over rounds of steps, one of each right after the other
    GFLOP/s              6 · units² · batch · steps (the recurrent products and their gradients alone) in our time
    peak                 GFLOP/s of a product of two 1024 x 1024 matrices, median over the same minutes
    difference           of the gradients of the recurrent weights, the larger one, norm relative to the gradient's
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import _jax_step
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))
from degeneracy.cells.vanilla import Cell
from degeneracy.networks.backends.choice import differentiated
from degeneracy.networks.group import make_group
from degeneracy.networks.losses import FREE_MSE
from degeneracy.networks.optimiser import adam

CHANNELS = 3


def stock_network(parameters: dict[str, torch.Tensor]) -> torch.nn.ModuleDict:
    """torch.nn.RNN and Linear with the same weights; the unused second bias stays zero and untrained."""
    width, inputs = parameters["input_weights"].shape
    rnn, readout = torch.nn.RNN(inputs, width), torch.nn.Linear(width, len(parameters["readout_bias"]))
    values = {
        rnn.weight_hh_l0: parameters["recurrent_weights"],
        rnn.weight_ih_l0: parameters["input_weights"],
        rnn.bias_ih_l0: parameters["bias"],
        rnn.bias_hh_l0: torch.zeros(width),
        readout.weight: parameters["readout_weights"],
        readout.bias: parameters["readout_bias"],
    }
    with torch.no_grad():
        for target, value in values.items():
            target.copy_(value)
    rnn.bias_hh_l0.requires_grad_(False)
    return torch.nn.ModuleDict({"rnn": rnn, "readout": readout})


def compare(width: int, trials: int, steps: int, repeats: int) -> None:
    options = {"learning_rate": 1e-3, "gradient_clip": 1.0, "connectivity": 1.0, "data_seeds": 0} | FREE_MSE
    cell = Cell(width=width)
    initial = cell.initialise(np.random.default_rng(0), CHANNELS, CHANNELS)
    group = make_group({0: initial}, cell, options, torch.device("cpu"))
    stock = stock_network({name: torch.as_tensor(value) for name, value in initial.items()})
    weights = [weight for weight in stock.parameters() if weight.requires_grad]
    optimiser = torch.optim.Adam(weights, lr=options["learning_rate"])
    inputs, targets = torch.randn(2, steps, trials, CHANNELS).unbind(0)  # (time, trial, channel)
    batch = inputs[None], targets[None], torch.ones(1, steps, trials)

    differentiate = differentiated(cell, group, options, "cpu")

    def ours():
        _, gradient = differentiate(batch, None)
        recurrent = group.named(gradient)["recurrent_weights"][0].clone()
        adam(group, gradient, options["gradient_clip"])
        return recurrent

    def peer():
        optimiser.zero_grad()
        outputs = stock["readout"](stock["rnn"](inputs)[0])
        (outputs - targets).square().mean().backward()
        recurrent = stock["rnn"].weight_hh_l0.grad.clone()
        torch.nn.utils.clip_grad_norm_(weights, options["gradient_clip"])
        optimiser.step()
        return recurrent

    in_jax = _jax_step.make(
        initial, inputs.numpy(), targets.numpy(), options["learning_rate"], options["gradient_clip"]
    )

    def product():
        torch.mm(square, square, out=result)

    square, result = torch.randn(1024, 1024), torch.empty(1024, 1024)
    gradient, *others = ours(), peer(), torch.from_numpy(np.array(in_jax()))
    difference = max((gradient - other).norm() / other.norm() for other in others)
    times = {ours: [], peer: [], in_jax: [], product: []}
    for repeat in range(repeats):
        for work, taken in times.items():
            if work is product and repeat % 6:
                continue
            start = time.process_time()
            work()
            taken.append(1e3 * (time.process_time() - start))
    mine, stock_time, jax_time, square_time = (statistics.median(taken) for taken in times.values())
    by_stock, by_jax = (
        statistics.median(b / a for a, b in zip(times[ours], times[other], strict=True)) for other in (peer, in_jax)
    )
    speed, peak = 6 * width**2 * trials * steps / mine / 1e6, 2 * 1024**3 / square_time / 1e6
    print(
        f"{width:5d} {trials:6d} {steps:5d} {mine:6.2f} {stock_time:6.2f} {jax_time:6.2f} {by_stock:11.2f} "
        f"{by_jax:9.2f} {speed:8.1f} {peak:5.0f} {difference:10.1e}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=60)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print("units  batch steps   ours  stock    JAX  stock/ours  JAX/ours  GFLOP/s  peak difference")
    for width, trials, steps in ((64, 64, 50), (64, 64, 100), (128, 64, 100), (128, 256, 100)):
        compare(width, trials, steps, arguments.repeats)


if __name__ == "__main__":
    main()
