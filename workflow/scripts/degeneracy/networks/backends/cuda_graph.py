"""Training steps as CUDA graphs."""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor


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
