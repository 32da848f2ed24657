"""Time of one training step of a whole population on one device: ours against the stock layer and FlashRNN.

    python tests/benchmarks/training_gpu.py                          # 50 networks, batch 256, 100 steps
    python tests/benchmarks/training_gpu.py --device cpu --quick     # a try-out of the program, no measurement
    python tests/benchmarks/training_gpu.py --batch 64 --networks 25 # as `resources/paper.yaml` trains on a cluster
    python tests/benchmarks/training_gpu.py --profile                # and which kernels of `fused` take how long
    python tests/benchmarks/training_gpu.py --flash                  # and FlashRNN, which compiles for minutes

FlashRNN (`pip install flashrnn ninja`, a C++ compiler and nvcc) is measured where it is installed, builds and runs;
where not, its row says what failed. All in one process, after one another, on one device:

    sequential          torch.nn.RNN, Linear, clip and Adam, one network after the other; as calls, and as CUDA graphs
    reference, cpu, cuda, fused, fused-tf32    a training step with our backends: gather of the minibatch, forward,
                        backward, clip, Adam (reference and cpu as calls, the others as a CUDA graph); all of them and
                        the stock layer in float32, but fused-tf32
    recurrence: fused   forward, readout, loss, backward and the gradients of all weights, without the rest of a step;
                        with W held in registers and with W streamed through shared memory, of which `fused` takes the
                        first where it can
    recurrence: FlashRNN    forward and backward of its Elman cell with the networks as heads, input drive given

Columns:

    ms                  median time of a step of all networks, over `--repeats` runs of `--steps` steps each
    networks/s          networks times steps a second
    ratio               time of the fastest sequential row / ms (in the table at the end)
    of the floor        floor / ms: 1 would be the best that the device can do (rows of a whole step and of ours alone)
    gradient            largest relative difference of a weight's gradient to double precision, norm over norm

The floor of a step is the larger of two times. Arithmetic: 6 · units² · networks · batch · steps operations at the rate
of a product of two 4096 x 4096 matrices, the greater of float32 and a third of tf32 (three such products make one to
float32). Memory: states and their gradients, in float32, each written once and read once, at the bandwidth of a copy.
"""

import argparse
import contextlib
import statistics
import sys
import time
from pathlib import Path
from unittest import mock

import numpy as np
import torch

sys.path[0] = str(Path(__file__).parents[2] / "workflow" / "scripts")

from degeneracy import devices  # noqa: E402
from degeneracy.cells.vanilla import Cell  # noqa: E402
from degeneracy.networks import epoch as epochs  # noqa: E402
from degeneracy.networks.backends import choice, cuda_graph  # noqa: E402
from degeneracy.networks.group import make_group  # noqa: E402

CHANNELS = 3
OPTIONS = {"learning_rate": 1e-3, "gradient_clip": 1.0, "nuclear_norm": 0, "l1": 0, "connectivity": 1, "data_seeds": 0}
OPTIONS |= {"loss": "mse", "teacher_forcing": 0, "optimiser": "adam"}


def timed(work, device: torch.device, arguments, calls: int) -> float:
    """Median time (s) of one of `calls` calls of `work`, after a first one."""

    def wait():
        if device.type == "cuda":
            torch.cuda.synchronize()

    work()
    taken = []
    for _ in range(arguments.repeats):
        wait()
        start = time.perf_counter()
        for _ in range(calls):
            work()
        wait()
        taken.append((time.perf_counter() - start) / calls)
    return statistics.median(taken)


def rates(device: torch.device, arguments) -> tuple[float, float, float]:
    """Bandwidth of a copy (bytes/s, read and written) and rates of products in float32 and in tf32 (operations/s)."""
    size = 256 if arguments.quick else 4096
    source = torch.empty(2**18 if arguments.quick else 2**28, device=device)
    target = torch.empty_like(source)
    bandwidth = 2 * source.nbytes / timed(lambda: target.copy_(source), device, arguments, 5)
    left, out = torch.randn(size, size, device=device), torch.empty(size, size, device=device)
    products = []
    for allowed in (False, True):
        torch.backends.cuda.matmul.allow_tf32 = allowed
        products.append(2 * size**3 / timed(lambda: torch.mm(left, left, out=out), device, arguments, 5))
    torch.backends.cuda.matmul.allow_tf32 = False
    return bandwidth, *products


def sequential(width: int, arguments, device: torch.device, graphed: bool) -> float:
    """Time of a step of all networks with the stock layer; the same network as often as there are networks."""
    torch.backends.cudnn.allow_tf32 = False
    rnn, readout = torch.nn.RNN(CHANNELS, width).to(device), torch.nn.Linear(width, CHANNELS).to(device)
    weights = [*rnn.parameters(), *readout.parameters()]
    optimiser = torch.optim.Adam(weights, lr=1e-3, capturable=graphed)
    shape = (arguments.time, arguments.batch, CHANNELS)
    inputs, targets = (torch.randn(shape, device=device) for _ in range(2))

    def step():
        optimiser.zero_grad(set_to_none=not graphed)
        (readout(rnn(inputs)[0]) - targets).square().mean().backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()

    work = step
    if graphed:
        work = cuda_graph.captured(step, [], cuda_graph.workspace())

    def all_networks():
        for _ in range(arguments.networks):
            work()

    return timed(all_networks, device, arguments, 1)


def population(width: int, arguments, device: torch.device, backend: str):
    """Group, buffers and cell of a population that a backend trains, on random trials."""
    cell, trials = Cell(width=width), max(4 * arguments.batch, 64)
    chosen, obstacle = choice.choose(backend, device, cell, CHANNELS, CHANNELS)
    if chosen != backend:
        raise ValueError(f"falls back to {chosen}: {obstacle}")
    options = OPTIONS | {"batch_size": arguments.batch, "steps_per_epoch": arguments.steps}
    initial = {
        seed: cell.initialise(np.random.default_rng(seed), CHANNELS, CHANNELS) for seed in range(arguments.networks)
    }
    group = make_group(initial, cell, options, device)
    data = [torch.randn(trials, arguments.time, CHANNELS, device=device) for _ in range(2)]
    data.append(torch.ones(trials, arguments.time, device=device))
    shared = cuda_graph.workspace() if backend in choice.GRAPHED else None
    buffers = epochs.prepared(group, cell, data, options, backend, shared)
    order = np.random.default_rng(0).integers(trials, size=tuple(buffers.order.shape))
    buffers.order.copy_(torch.as_tensor(order))
    return group, buffers, shared


def ours(width: int, arguments, device: torch.device, backend: str) -> float:
    """Time of a whole training step."""
    _, buffers, _shared = population(width, arguments, device, backend)

    def epoch():
        buffers.at.zero_()
        for _ in range(arguments.steps):
            buffers.step()

    return timed(epoch, device, arguments, 1) / arguments.steps


def fused_recurrence(width: int, arguments, device: torch.device, streamed: bool) -> float:
    """Time of the three launches of the fused kernel, as a CUDA graph."""
    from degeneracy.networks.backends import fused

    if not streamed and not fused.resident(width):
        raise ValueError(f"W of {width} units is not held in registers here: fused is streamed")

    shape = (arguments.networks, arguments.time, arguments.batch)
    batch = [torch.randn(*shape, CHANNELS, device=device) for _ in range(2)] + [torch.ones(shape, device=device)]
    made = [Cell(width=width).initialise(np.random.default_rng(0), CHANNELS, CHANNELS)] * arguments.networks
    names = ("recurrent_weights", "input_weights", "bias", "readout_weights", "readout_bias")
    parts = [torch.tensor(np.stack([one[name] for one in made]), dtype=torch.float32, device=device) for name in names]

    def work():
        fused.error_and_gradients("tanh", 0.0, "tf32x3", *batch, *parts)

    shared = cuda_graph.workspace()
    with mock.patch.object(fused, "resident", (lambda *sizes: False) if streamed else fused.resident):
        replay = cuda_graph.captured(work, [], shared)
    return timed(replay, device, arguments, arguments.steps)


def flash_rnn(width: int, arguments, device: torch.device, backend: str) -> float:
    """Time of forward and backward in float32 of FlashRNN's Elman cell, the networks as its heads."""
    if device.type != "cuda":
        raise ValueError("FlashRNN needs a CUDA device")
    from flashrnn import flashrnn

    networks = arguments.networks
    options = {"device": device, "requires_grad": True}
    drive = torch.randn(arguments.batch, arguments.time, 1, networks, width, **options)
    bound = width**-0.5
    recurrent = (torch.rand(1, networks, width, width, device=device) * 2 * bound - bound).requires_grad_()
    bias = torch.zeros(1, networks, width, **options)
    gradient = None

    def work():
        nonlocal gradient
        states, _ = flashrnn(drive, recurrent, bias, function="elman", backend=backend, dtype="float32")
        gradient = torch.randn_like(states) if gradient is None else gradient
        torch.autograd.grad(states, (drive, recurrent, bias), gradient)

    return timed(work, device, arguments, arguments.steps)


def difference(width: int, arguments, device: torch.device, backend: str) -> float:
    """Largest relative difference of a gradient of two networks to that in double precision."""
    cell, generator = Cell(width=width), torch.Generator().manual_seed(0)
    made = [cell.initialise(np.random.default_rng(seed), CHANNELS, CHANNELS) for seed in (0, 1)]
    parameters = {name: torch.tensor(np.stack([one[name] for one in made]), dtype=torch.float32) for name in made[0]}
    shape = (2, arguments.time, arguments.batch)
    batch = [torch.randn(*shape, CHANNELS, generator=generator) for _ in range(2)] + [torch.ones(shape)]
    found = []
    for kind, chosen in ((torch.float64, "reference"), (torch.float32, backend)):
        leaves = {name: value.to(device, kind, copy=True).requires_grad_() for name, value in parameters.items()}
        error = choice.mean_squared_error(cell, leaves, *(part.to(device, kind) for part in batch), chosen)
        found.append(torch.autograd.grad(error.sum(), list(leaves.values())))
    return max(((own - exact).norm() / exact.norm()).item() for exact, own in zip(*found, strict=True))


def floor(width: int, arguments, measured: tuple[float, float, float]) -> float:
    """Least time of a step (s), see above."""
    bandwidth, single, tensor = measured
    states = width * arguments.networks * arguments.batch * arguments.time
    return max(6 * width * states / max(single, tensor / 3), 4 * 4 * states / bandwidth)


def profile(width: int, arguments, device: torch.device) -> None:
    _, buffers, _shared = population(width, arguments, device, "fused")
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as found:
        buffers.at.zero_()
        for _ in range(arguments.steps):
            buffers.step()
        torch.cuda.synchronize()
    print(found.key_averages().table(sort_by="cuda_time_total", row_limit=12, max_name_column_width=50), flush=True)


def compare(width: int, arguments, device: torch.device, measured: tuple[float, float, float]) -> None:
    least = floor(width, arguments, measured)
    print(
        f"\n{arguments.networks} networks of {width} units, batch {arguments.batch}, {arguments.time} steps; "
        f"floor {1e3 * least:.3f} ms"
    )
    backends = ("reference", "cpu", "cuda", "fused", "fused-tf32")
    rows = [
        ("sequential, calls", lambda: sequential(width, arguments, device, False), None),
        *((name, lambda name=name: ours(width, arguments, device, name), name) for name in backends),
        ("recurrence: fused, W held", lambda: fused_recurrence(width, arguments, device, False), None),
        ("recurrence: fused, W streamed", lambda: fused_recurrence(width, arguments, device, True), None),
        # last, as a capture that fails leaves the allocator in a state from which few things work
        ("sequential, CUDA graphs", lambda: sequential(width, arguments, device, True), None),
    ]
    for backend in ("cuda", "cuda_fused") if arguments.flash else ():
        work = lambda backend=backend: flash_rnn(width, arguments, device, backend)  # noqa: E731
        rows.insert(-1, (f"recurrence: FlashRNN {backend}", work, None))
    times = {}
    for name, work, backend in rows:
        try:
            if device.type == "cpu" and ("graphs" in name or "fused" in name):
                raise ValueError("needs a CUDA device")
            times[name] = work(), difference(width, arguments, device, backend) if backend else None
            print(f"{name}: {1e3 * times[name][0]:.3f} ms", flush=True)
        except Exception as error:
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            print(f"{name}: {type(error).__name__}: {first}"[:200], flush=True)
        finally:
            if device.type == "cuda":
                with contextlib.suppress(RuntimeError):
                    torch.cuda.empty_cache()
    stock = min((taken for name, (taken, _) in times.items() if name.startswith("sequential")), default=float("nan"))
    print(f"\n{'':36s} {'ms':>10s} {'networks/s':>11s} {'ratio':>8s} {'of the floor':>13s} {'gradient':>10s}")
    for name, (taken, gradient) in times.items():
        speed = f"{1e3 * taken:10.3f} {arguments.networks / taken:11.0f} {stock / taken:8.1f}"
        share = "" if "FlashRNN" in name else f"{least / taken:13.2f}"
        print(f"{name:36s} {speed} {share:>13s} {'' if gradient is None else f'{gradient:10.1e}'}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--quick", action="store_true", help="sizes that take seconds on a CPU")
    parser.add_argument("--profile", action="store_true", help="the kernels of `fused` and their times")
    parser.add_argument("--flash", action="store_true", help="measure FlashRNN, too")
    parser.add_argument("--networks", type=int, default=50)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--time", type=int, default=100, help="steps of a trial")
    parser.add_argument("--widths", type=int, nargs="+", default=[128, 64, 256])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--steps", type=int, default=20, help="training steps that are timed together")
    arguments = parser.parse_args()
    if arguments.quick:
        quick = {"networks": 3, "batch": 16, "time": 10, "widths": [16, 32], "repeats": 3, "steps": 2}
        parser.set_defaults(**quick)
        arguments = parser.parse_args()
    device = devices.choose_device(arguments.device)
    torch.manual_seed(0)
    name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    print(f"device {name}, torch {torch.__version__}, CUDA {torch.version.cuda}")
    measured = rates(device, arguments)
    bandwidth, single, tensor = measured
    print(
        f"copy {bandwidth / 1e9:.0f} GB/s; products {single / 1e12:.2f} TFLOP/s in float32, {tensor / 1e12:.2f} in tf32"
    )
    for width in arguments.widths:
        compare(width, arguments, device, measured)
        if arguments.profile and device.type == "cuda":
            profile(width, arguments, device)


if __name__ == "__main__":
    main()
