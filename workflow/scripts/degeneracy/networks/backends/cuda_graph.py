"""Training steps as CUDA graphs."""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor


def workspace() -> torch.cuda.CUDAGraph:
    """An empty graph; as long as it exists, it keeps the memory pool that other graphs share."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        torch.zeros(1, device="cuda")
    return graph


@cache
def side_stream() -> torch.cuda.Stream:
    """The one stream for warming up and capturing steps: cuBLAS keeps memory for each stream that it has seen."""
    return torch.cuda.Stream()


def captured(step: Callable[[], None], state: list[Tensor], shared: torch.cuda.CUDAGraph) -> Callable[[], None]:
    """A function that replays `step` as a CUDA graph: one launch, and no work on the host.

    The graph uses the tensors that `step` uses, at their addresses, and the caller must keep them. `state` are the
    tensors that a step changes; they are restored after a first step, which compiles kernels. Graphs of one `workspace`
    share its memory, so they must not run at the same time. Raises what `step` raises, with the state restored.
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
