"""Masked error of all networks and its gradient by the kernels of `fused_kernels.py`: which of them run, and where.

W stays in shared memory where it fits there (compute capability 9 with up to 128 units and few channels), and is
streamed through it elsewhere, for any width.
"""

import torch
import triton
from torch import Tensor

from degeneracy.networks.backends import fused_kernels as kernels

PRECISIONS = {
    "fused": "tf32x3",
    "fused-tf32": "tf32",
}  # three products of tf32 parts are about as good as one of float32
ACTIVATIONS = ("tanh", "relu")
CAPABILITY = (8, 0)  # the least that has products in tf32
CHANNELS = 63  # inputs, and outputs, at most: their weights for a tile of units are held in shared memory, too
ROWS = 2048  # steps times trials that one program of `add_up` sums over, at most


def limits() -> tuple[tuple[int, int], int]:
    """Compute capability and bytes of shared memory of a program on the device that is here, or on an H100."""
    if not torch.cuda.is_available():
        return (9, 0), 227 * 2**10
    device = torch.cuda.get_device_properties()
    return (device.major, device.minor), device.shared_memory_per_block_optin


def padded(size: int) -> int:
    """The least power of two from 16 on that is not below `size`."""
    return max(16, triton.next_power_of_2(size))


def shared_memory(width: int, inputs: int, outputs: int, trials: int) -> int:
    """Bytes that `advance` needs, which needs most: both parts of all weights, and room to turn what it reads and
    stores."""
    unit, channels, answers = padded(width), padded(inputs + 1), padded(outputs)
    return 4 * (2 * unit * (unit + channels + answers) + trials * max(unit, 2 * channels, answers))


def resident(width: int, inputs: int, outputs: int, trials: int) -> bool:
    """Whether W is held in shared memory by programs of so many trials.

    Elsewhere than on compute capability 9 tensor cores read it from registers, which do not hold it.
    """
    capability, limit = limits()
    return capability[0] == 9 and shared_memory(width, inputs, outputs, trials) <= limit


def tile_of(width: int, inputs: int, outputs: int) -> int:
    """Units that a streamed program, or one of `add_up`, works on at once: as many as its registers hold."""
    roomy = limits()[0][0] == 9 and max(padded(inputs + 1), padded(outputs)) <= 32
    return min(padded(width), 128 if roomy else 64)


def obstacle(cell, inputs: int, outputs: int) -> str:
    """Why these kernels do not run a cell with so many inputs and outputs; "" if they do."""
    if not hasattr(cell, "affine") or cell.activation not in ACTIVATIONS:
        return f"the fused kernel has cells of rates alone, with the activations {' and '.join(ACTIVATIONS)}"
    if max(inputs, outputs) > CHANNELS:
        return f"the fused kernel has up to {CHANNELS} inputs and outputs, and there are {inputs} and {outputs}"
    capability, _ = limits()
    if capability < CAPABILITY:
        needed, given = (".".join(map(str, each)) for each in (CAPABILITY, capability))
        return f"the fused kernel needs compute capability {needed}, and this device has {given}"
    return ""


def error_and_gradients(activation: str, keep: float, precision: str, inputs, targets, mask, *parts) -> list[Tensor]:
    """Masked MSE (network), and its gradients with respect to the parts.

    Inputs and targets (network, time, trial, channel), mask (network, time, trial); parts as of a cell's `affine`.
    Raises ValueError for more than 2³¹ rates of a network.
    """
    inputs, targets, mask, *parts = (tensor.detach().contiguous() for tensor in (inputs, targets, mask, *parts))
    networks, steps, trials, outputs = targets.shape
    width, channels = parts[1].shape[1:]
    if (steps + 1) * trials * max(width, channels, outputs) >= 2**31:  # offsets within a network are 32-bit
        raise ValueError(f"{steps} steps of {trials} trials are too many for {width} units; lower training.batch_size")
    rates = inputs.new_empty(networks, steps + 1, trials, width)
    rates[:, 0] = 0
    errors, deltas = torch.empty_like(targets), inputs.new_empty(networks, steps, trials, width)
    scale = 1 / (outputs * mask.sum((1, 2)))
    recurrent, _, _, readout, _ = parts
    channel_sizes = {"INPUTS": channels, "INPUT": padded(channels + 1)}
    sizes = {"WIDTH": width, "OUTPUTS": outputs, "OUTPUT": padded(outputs), "PRECISION": precision}
    kind = {"STEPS": steps, "RELU": activation == "relu", "LEAKY": keep != 0}
    tile = tile_of(width, channels, outputs)
    if resident(width, channels, outputs, 64):
        # One program advances 128 trials where they are there: two warp groups hide each other's arithmetic
        many = trials > 64 and resident(width, channels, outputs, 128)
        kind |= {"UNIT": padded(width), "TRIAL": 128 if many else 64, "num_warps": 8 if many else 4, "num_stages": 1}
        advance, retrace, currents = kernels.advance, kernels.retrace, ()
    else:
        kind |= {"TILE": tile, "SPAN": min(tile, 32), "TRIAL": 64, "num_warps": 4, "num_stages": 2}
        advance, retrace = kernels.advance_streamed, kernels.retrace_streamed
        currents = (inputs.new_zeros(networks, trials, width),)
    slices = triton.cdiv(trials, kind["TRIAL"])
    losses = inputs.new_empty(networks, slices)
    advance[(networks, slices)](
        inputs, targets, mask, scale, *parts, rates, errors, losses, *currents, trials, keep,
        **sizes, **channel_sizes, **kind,
    )  # fmt: skip
    retrace[(networks, slices)](recurrent, readout, rates, errors, deltas, trials, keep, **sizes, **kind)
    rows = min(ROWS, 32 * triton.cdiv((steps + 1) * trials, 32))
    runs, tiles = triton.cdiv((steps + 1) * trials, rows), triton.cdiv(width, tile)
    sums = [part.new_empty(networks, runs, *part.shape[1:]) for part in parts]
    kernels.add_up[(networks, runs, tiles**2)](
        inputs, rates, errors, deltas, *sums, steps, trials,
        **sizes, **channel_sizes, TILE=tile, ROW=32, ROWS=rows, num_warps=8,
        num_stages=3 if limits()[1] >= 2**17 else 2,
    )  # fmt: skip
    return [losses.sum(1), *(part.sum(1) for part in sums)]


class MaskedError(torch.autograd.Function):
    """Masked MSE (network) of networks given by what a cell's `affine` returns, each (network, …).

    Inputs and targets (network, time, trial, channel) and mask (network, time, trial) get no gradient.
    """

    @staticmethod
    def forward(ctx, activation: str, keep: float, precision: str, *tensors: Tensor) -> Tensor:
        errors, *gradients = error_and_gradients(activation, keep, precision, *tensors)
        ctx.save_for_backward(*gradients)
        return errors

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, by_error: Tensor):
        gradients = (by_error.view(-1, *[1] * (own.ndim - 1)) * own for own in ctx.saved_tensors)
        return None, None, None, None, None, None, *gradients
