"""Masked error of all networks and its gradient by the kernels of `fused_kernels.py`: which of them run, and where.

W stays in registers where it fits there (compute capability 9 with up to 128 units), and is streamed through shared
memory elsewhere, for any width.
"""

import torch
import triton
from torch import Tensor

from degeneracy.errors import UserError
from degeneracy.networks.backends import fused_kernels as kernels
from degeneracy.networks.backends import fused_streamed as streamed

PRECISIONS = {
    "fused": "tf32x3",
    "fused-tf32": "tf32",
}  # three products of tf32 parts are about as good as one of float32
ACTIVATIONS = ("tanh", "relu")
CAPABILITY = (8, 0)  # the least that has products in tf32
CHANNELS = 63  # inputs, and outputs, at most: their weights for a tile of units are held in shared memory, too
ROWS = 512  # steps times trials that one program of `add_up` sums over, about
SLICE = 32  # trials that one program takes through time; with more, W and states do not fit in its registers


def limits() -> tuple[tuple[int, int], int]:
    """Compute capability and bytes of shared memory of a program on the device that is here, or on an H100."""
    if not torch.cuda.is_available():
        return (9, 0), 227 * 2**10
    device = torch.cuda.get_device_properties()
    return (device.major, device.minor), device.shared_memory_per_block_optin


def padded(size: int) -> int:
    """The least power of two from 16 on that is not below `size`."""
    return max(16, triton.next_power_of_2(size))


def resident(width: int) -> bool:
    """Whether `advance` and `retrace` hold W in registers: those of tensor cores of compute capability 9 do."""
    return limits()[0][0] == 9 and padded(width) <= 128


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
    Raises UserError for more than 2³¹ rates of a network.
    """
    inputs, targets, mask, *parts = (tensor.detach().contiguous() for tensor in (inputs, targets, mask, *parts))
    networks, steps, trials, outputs = targets.shape
    width, channels = parts[1].shape[1:]
    if (steps + 1) * trials * max(width, channels, outputs) >= 2**31:  # offsets within a network are 32-bit
        raise UserError(f"{steps} steps of {trials} trials are too many for {width} units; lower training.batch_size")
    rates = inputs.new_empty(networks, steps + 1, width, trials)
    rates[:, 0] = 0
    errors = inputs.new_empty(networks, steps, outputs, trials)
    deltas = inputs.new_empty(networks, steps, width, trials)
    scale = 1 / (outputs * mask.sum((1, 2)))
    recurrent, input_weights, bias, readout, readout_bias = parts
    sizes = {"STEPS": steps, "TRIALS": trials, "WIDTH": width, "PRECISION": precision}
    given = {"INPUTS": channels, "INPUT": padded(channels + 1)}
    asked = {"OUTPUTS": outputs, "OUTPUT": padded(outputs)}
    kind = {"RELU": activation == "relu", "LEAKY": keep != 0}
    tile = tile_of(width, channels, outputs)
    if resident(width):
        size = SLICE
        kind |= {"UNIT": padded(width), "TRIAL": size, "num_warps": 8 if padded(width) > 64 else 4, "num_stages": 1}
        advance, retrace, currents = kernels.advance, kernels.retrace, ()
    else:
        size = 64
        kind |= {"TILE": tile, "SPAN": min(tile, 32), "TRIAL": size, "num_warps": 4, "num_stages": 2}
        advance, retrace = streamed.advance_streamed, streamed.retrace_streamed
        currents = (inputs.new_zeros(networks, width, trials),)
    slices, run = triton.cdiv(trials, size), max(1, ROWS // trials)
    runs, block = triton.cdiv(steps + 1, run), min(64, padded(trials))
    advance[(networks, slices)](
        inputs, recurrent, input_weights, bias, rates, *currents, keep, **sizes, **given, **kind
    )  # fmt: skip
    losses = inputs.new_empty(networks, steps, triton.cdiv(trials, block))
    kernels.answer[(networks, *losses.shape[1:])](
        targets, mask, scale, readout, readout_bias, rates, errors, losses,
        **sizes, **asked, RUN=1, SPAN=min(64, padded(width)), TRIAL=block, num_warps=4,
    )  # fmt: skip
    retrace[(networks, slices)](
        recurrent.mT.contiguous(), readout, rates, errors, deltas, keep, **sizes, **asked, **kind
    )
    tiles = triton.cdiv(width, tile)
    sums = [part.new_empty(networks, runs, *part.shape[1:]) for part in parts]
    kernels.add_up[(networks, runs, tiles**2)](
        inputs, rates, errors, deltas, *sums,
        **sizes, **given, **asked, TILE=tile, TRIAL=min(32, block), RUN=run, num_warps=8, num_stages=3,
    )  # fmt: skip
    return [losses.sum((1, 2)), *(part.sum(1) for part in sums)]


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
