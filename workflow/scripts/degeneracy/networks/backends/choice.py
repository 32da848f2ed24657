"""Backends of training: what computes the error of many networks and its gradient. They differ in speed alone.

    reference    torch, on any device and in any precision, for every cell
    cpu          compiled code where it knows the cell (`_kernel.py`), torch otherwise
    cuda         one product a step for all networks; the whole training step is one CUDA graph
    fused        the time loop of all networks in one Triton kernel (`_fused.py`), in the same CUDA graph, to float32
    fused-tf32   the same with products rounded to tf32

A backend is no part of the condition: which one has trained a network is written beside it.
"""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

BACKENDS = ("auto", "reference", "cpu", "cuda", "fused", "fused-tf32")
GRAPHED = ("cuda", "fused", "fused-tf32")  # their step is replayed as a CUDA graph


def choose(name: str, device: torch.device, cell, inputs: int, outputs: int) -> tuple[str, str]:
    """Backend that trains a cell of so many inputs and outputs on a device, and why it is not a faster one, or "".

    `auto` is the fastest there is. A cell that the fused kernel does not know falls back to `cuda`. Raises ValueError
    for a backend that the device does not have.
    """
    if name not in BACKENDS:
        raise ValueError(f"backend: given {name}; allowed: {', '.join(BACKENDS)}")
    if device.type == "cpu":
        if name in GRAPHED:
            raise ValueError(f"backend: given {name}, which needs a CUDA device; on the CPU: auto, reference, cpu")
        return ("cpu" if name == "auto" else name), ""
    if name == "cpu":
        raise ValueError("backend: given cpu, but the device is a CUDA device; allowed: auto, reference, cuda, fused")
    if name in ("reference", "cuda"):
        return name, ""
    if find_spec("triton") is None:
        if name != "auto":
            raise ValueError(f"backend: given {name}, but Triton is not installed; allowed: auto, reference, cuda")
        return "cuda", "Triton is not installed"
    from degeneracy.cells import _fused  # needs Triton

    name = "fused" if name == "auto" else name
    obstacle = _fused.obstacle(cell, inputs, outputs)
    return ("cuda", obstacle) if obstacle else (name, "")


def mean_squared_error(
    cell, parameters: dict[str, Tensor], inputs: Tensor, targets: Tensor, mask: Tensor, backend: str = "cpu"
) -> Tensor:
    """Masked MSE (network) of the outputs for trials (network, time, trial, …); mask (network, time, trial)."""
    if not len(inputs):
        return sum(value.flatten(1).sum(1) for value in parameters.values())  # (0,), which gradients can be taken of
    if backend == "cpu" and hasattr(cell, "affine") and inputs.device.type == "cpu" and inputs.dtype == torch.float32:
        from degeneracy.cells import _kernel  # only training waits for the compiler

        if cell.activation in _kernel.ACTIVATIONS:
            weights = cell.affine(parameters)
            return _kernel.MaskedError.apply(cell.activation, cell.keep, inputs, targets, mask, *weights)
    if backend in ("fused", "fused-tf32"):
        from degeneracy.cells import _fused

        precision = _fused.PRECISIONS[backend]
        weights = cell.affine(parameters)
        return _fused.MaskedError.apply(cell.activation, cell.keep, precision, inputs, targets, mask, *weights)
    outputs = cell.readout(parameters, cell.states(parameters, inputs))
    squared = (outputs - targets).square().mean(-1)  # (network, time, trial)
    return (squared * mask).sum((1, 2)) / mask.sum((1, 2))


def workspace() -> torch.cuda.CUDAGraph:
    """An empty graph, which keeps the memory pool that other graphs share as long as it lives."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        torch.zeros(1, device="cuda")
    return graph


@cache
def side_stream() -> torch.cuda.Stream:
    """The one stream on which steps are warmed up and captured: cuBLAS keeps memory for each that it has seen."""
    return torch.cuda.Stream()


def captured(step: Callable[[], None], state: list[Tensor], shared: torch.cuda.CUDAGraph) -> Callable[[], None]:
    """`step` as a CUDA graph to replay: one launch, and no work of the host.

    The graph reads and writes the tensors that `step` does, which must stay where they are. Those that it changes are
    `state`: a step taken to warm up, which compiles kernels, is undone. Graphs of one `workspace` share its memory, so
    they must not run at the same time. What else they read must be kept by whoever replays them. Raises what `step`
    raises, with the state as it was.
    """
    before = [tensor.clone() for tensor in state]
    current, aside = torch.cuda.current_stream(), side_stream()
    try:
        aside.wait_stream(current)
        with torch.cuda.stream(aside):
            step()
        current.wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=shared.pool(), stream=aside):
            step()
    finally:
        torch.cuda.synchronize()
        for tensor, old in zip(state, before, strict=True):
            tensor.copy_(old)
    return graph.replay
