"""Compiled code for the masked error of rate networks and its gradient, in float32 on the CPU.

With currents a, rates r = φ(a) and r_0 = 0, a step and the readout before it are one product with stacked weights M:

    s_t = [r_t, x_{t+1}, 1],    [a_{t+1}, y_t] = s_t M + [keep · a_t, 0],    dE/dM = Σ_t s_tᵀ [dE/da_{t+1}, dE/dy_t]

Trials are rows and units are columns. So each time step works on one contiguous block of memory, and no product is of
a matrix with the transpose of another, for which OpenBLAS is slow where matrices are small. Rows begin at multiples of
64 bytes, as vector instructions want it (`aligned`): arrays have more columns than are used.
"""

import math
from functools import lru_cache

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401  numba calls its matrix product
import torch
from numba import types
from threadpoolctl import threadpool_limits
from torch import Tensor

from degeneracy.compilation import compiled

threadpool_limits(1, user_api="blas")  # a result must not depend on the number of cores

TANH, RELU = 0, 1
ACTIVATIONS = {"tanh": TANH, "relu": RELU}

FLOAT = np.float32
ZERO, ONE, TWO = FLOAT(0), FLOAT(1), FLOAT(2)
UNIT, NOTHING = np.ones(1, FLOAT), np.zeros(1, FLOAT)
LANE = 16  # numbers in 64 bytes

# tanh x as x · P(x²) / Q(x²), constant terms first; coefficients of Eigen (generic_fast_tanh_float)
CLAMP = FLOAT(7.90531110763549805)
P0, P1, P2, P3 = map(FLOAT, (4.89352455891786e-3, 6.37261928875436e-4, 1.48572235717979e-5, 5.12229709037114e-8))
P4, P5, P6 = map(FLOAT, (-8.60467152213735e-11, 2.00018790482477e-13, -2.76076847742355e-16))
Q0, Q1, Q2, Q3 = map(FLOAT, (4.89352518554385e-3, 2.26843463243900e-3, 1.18534705686654e-4, 1.19825839466702e-6))

# Sums may be reordered and products fused, but NaN and infinity are kept: a diverged network must show.
# The error model lets loops that divide run in vector lanes.
kernel = compiled(fastmath={"contract", "reassoc", "arcp", "nsz"}, error_model="numpy")

# The product of BLAS that np.dot compiles to, by columns: kind, op(A), op(B), m, n, k, α, A, ·, B, ·, β, C, ·
_blas = types.ExternalFunction("numba_xxgemm", types.intc(*[types.int8] * 3, *[types.intp] * 11))
REAL, PLAIN, TRANSPOSED = map(ord, "snt")


@kernel
def multiply(rows, columns, inner, left, right, out):
    """out = left right, of the first (rows, inner) and (inner, columns) entries."""
    one, zero = UNIT.ctypes.data, NOTHING.ctypes.data
    kind, plain = types.int8(REAL), types.int8(PLAIN)
    of_right, of_left, of_out = right.shape[1], left.shape[1], out.shape[1]  # lengths of rows
    a, b, c = right.ctypes.data, left.ctypes.data, out.ctypes.data
    _blas(kind, plain, plain, columns, rows, inner, one, a, of_right, b, of_left, zero, c, of_out)


@kernel
def add_product(rows, columns, inner, left, right, total):
    """total += leftᵀ right, of the first (inner, rows) and (inner, columns) entries."""
    one = UNIT.ctypes.data
    kind, plain, transposed = types.int8(REAL), types.int8(PLAIN), types.int8(TRANSPOSED)
    of_right, of_left, of_total = right.shape[1], left.shape[1], total.shape[1]
    a, b, c = right.ctypes.data, left.ctypes.data, total.ctypes.data
    _blas(kind, plain, transposed, columns, rows, inner, one, a, of_right, b, of_left, one, c, of_total)


@kernel
def activated(activation, x):
    """φ(x)."""
    if activation == RELU:
        return ZERO if x < ZERO else x
    x = CLAMP if x > CLAMP else x  # in this form NaN stays NaN
    x = -CLAMP if x < -CLAMP else x
    s = x * x
    odd = P0 + s * (P1 + s * (P2 + s * (P3 + s * (P4 + s * (P5 + s * P6)))))
    return x * odd / (Q0 + s * (Q1 + s * (Q2 + s * Q3)))


@kernel
def advance(activation, keep, units, drive, noise, currents, rates):
    """Fill the rates (trial, unit) of a step from its drive, and the currents if units keep a share of them.

    `noise` (trial, unit) is added to the drive; (0, 0) stands for none.
    """
    for trial in range(len(drive)):
        if len(noise) > 0:
            for unit in range(units):
                drive[trial, unit] += noise[trial, unit]
        if keep > ZERO:
            for unit in range(units):
                currents[trial, unit] = keep * currents[trial, unit] + drive[trial, unit]
                rates[trial, unit] = activated(activation, currents[trial, unit])
        else:
            for unit in range(units):
                rates[trial, unit] = activated(activation, drive[trial, unit])


@kernel
def chain(activation, keep, units, rates, by_rate, later, now):
    """Fill dE/da (trial, unit) of a step from dE/dr and from dE/da one step later."""
    for trial in range(len(rates)):
        for unit in range(units):
            rate = rates[trial, unit]
            slope = (ONE if rate > ZERO else ZERO) if activation == RELU else ONE - rate * rate
            now[trial, unit] = keep * later[trial, unit] + slope * by_rate[trial, unit]


@kernel
def compare(units, product, targets, mask, scale, by_output):
    """Fill the derivative of scale · Σ mask · error² over (trial, output), and return it."""
    trials, outputs = targets.shape
    total = ZERO
    for trial in range(trials):
        for output in range(outputs):
            error = product[trial, units + output] - targets[trial, output]
            weighted = scale * mask[trial] * error
            total += error * weighted
            by_output[trial, output] = TWO * weighted
    return total


@kernel
def forward(
    activation, keep, scale, units, weights, sources, inputs, noise, targets, mask, product, currents, by_output
):
    """Fill `sources` (time + 1, trial, unit + input + 1) and dE/dy (time, trial, output); returns E.

    `noise` is (time, trial, unit), or (1, 0, 0) if there is none.
    """
    steps, trials, outputs = targets.shape
    channels = inputs.shape[2]
    total = 0.0
    for step in range(steps + 1):
        if step < steps:
            for trial in range(trials):
                for channel in range(channels):
                    sources[step, trial, units + channel] = inputs[step, trial, channel]
        multiply(trials, units + outputs, units + channels + 1, sources[step], weights, product)
        if step > 0:
            total += compare(units, product, targets[step - 1], mask[step - 1], scale, by_output[step - 1])
        if step < steps:
            added = noise[min(step, len(noise) - 1)]
            advance(activation, keep, units, product, added, currents, sources[step + 1])
    return total


@kernel
def backward(activation, keep, units, used, recurrent, sources, by_output, now, later, by_rate, gradient):
    """Add dE/dM to `gradient`; `recurrent` (unit + output, unit) is the transpose of what M does to rates.

    `now` and `later` (trial, unit + output) start as zeros; the initial values of `by_rate` do not matter.
    """
    steps, trials, outputs = by_output.shape
    for step in range(steps, 0, -1):
        later[:, units : units + outputs] = by_output[step - 1]
        add_product(used, units + outputs, trials, sources[step], later, gradient)
        multiply(trials, units, units + outputs, later, recurrent, by_rate)
        chain(activation, keep, units, sources[step], by_rate, later, now)
        later, now = now, later
    later[:, units : units + outputs] = ZERO
    add_product(used, units + outputs, trials, sources[0], later, gradient)


def aligned(*shape: int) -> np.ndarray:
    """Zeros whose rows begin at multiples of 64 bytes; the last dimension may be longer than asked for."""
    shape = (*shape[:-1], -(-shape[-1] // LANE) * LANE)
    values = np.zeros(math.prod(shape) + LANE, FLOAT)
    first = -values.ctypes.data // FLOAT().nbytes % LANE
    return values[first : first + math.prod(shape)].reshape(shape)


class Workspace:
    """Arrays for networks and trials of one size, used again and again: fresh memory takes a tenth of the time."""

    def __init__(self, steps: int, trials: int, inputs: int, width: int, outputs: int):
        rows, columns = width + inputs + 1, width + outputs  # of the stacked weights
        self.weights, self.gradient = aligned(rows, columns), aligned(rows, columns)
        self.recurrent = aligned(columns, width)
        self.sources, self.by_output = aligned(steps + 1, trials, rows), np.zeros((steps, trials, outputs), FLOAT)
        self.sources[..., rows - 1] = 1
        self.product, self.now, self.later, self.currents, self.by_rate = (aligned(trials, columns) for _ in range(5))
        unit, source, output = slice(width), slice(width, rows - 1), slice(width, columns)
        # of the recurrent weights, input weights, bias, readout weights and readout bias
        self.places = (unit, unit), (source, unit), (rows - 1, unit), (unit, output), (rows - 1, output)

    def begin(self, parts) -> None:
        """Take the weights of a network, and forget what the last one left."""
        for place, values in zip(self.places, parts, strict=True):
            self.weights[place] = values.T
        columns, width = self.recurrent.shape[0], len(parts[0])
        self.recurrent[:, :width] = self.weights[:width, :columns].T
        for array in (self.gradient, self.now, self.later, self.currents):
            array.fill(0)


workspace = lru_cache(maxsize=4)(Workspace)


def error_and_gradients(activation: str, keep: float, noise, inputs, targets, mask, *parts) -> tuple:
    """Masked MSE of one network, and its gradients with respect to the parts of the stacked weights.

    Noise (time, trial, unit) or None, inputs and targets (time, trial, channel), mask (time, trial). The gradients are
    views of memory that the next call overwrites.
    """
    steps, trials, outputs = targets.shape
    width, channels = len(parts[0]), inputs.shape[-1]
    own = workspace(steps, trials, channels, width, outputs)
    own.begin(parts)
    noise = np.zeros((1, 0, 0), FLOAT) if noise is None else noise
    code, keep, scale = ACTIVATIONS[activation], FLOAT(keep), ONE / (FLOAT(outputs) * mask.sum())
    given = inputs, noise, targets, mask
    error = forward(
        code, keep, scale, width, own.weights, own.sources, *given, own.product, own.currents, own.by_output
    )
    back = own.recurrent, own.sources, own.by_output, own.now, own.later, own.by_rate, own.gradient
    backward(code, keep, width, width + channels + 1, *back)
    return error, *(own.gradient[place].T for place in own.places)


def fill_gradients(activation: str, keep: float, noise: Tensor | None, batch, weights, gradients) -> Tensor:
    """Masked MSE (network) of networks given by the parts of their stacked weights, each (network, …).

    Fills tensors like these parts with its gradients. The batch is inputs and targets (network, time, trial, channel)
    and mask (network, time, trial); the noise is (network, time, trial, unit).
    """
    arrays = [tensor.detach().numpy() for tensor in weights]
    given = [None if tensor is None else tensor.contiguous().numpy() for tensor in (noise, *batch)]
    filled = [tensor.numpy() for tensor in gradients]
    errors = torch.empty(len(arrays[0]))
    for network in range(len(errors)):
        own = (None if array is None else array[network] for array in given)
        errors[network], *found = error_and_gradients(activation, keep, *own, *(array[network] for array in arrays))
        for into, values in zip(filled, found, strict=True):
            into[network] = values
    return errors


class MaskedError(torch.autograd.Function):
    """The same, differentiable by the parts of the stacked weights: error(activation, keep, noise, batch, *weights)."""

    @staticmethod
    def forward(ctx, activation: str, keep: float, noise: Tensor | None, batch, *weights: Tensor) -> Tensor:
        gradients = [torch.empty_like(part, memory_format=torch.contiguous_format) for part in weights]
        errors = fill_gradients(activation, keep, noise, batch, weights, gradients)
        ctx.save_for_backward(*gradients)
        return errors

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, by_error: Tensor):
        gradients = (by_error.view(-1, *[1] * (own.ndim - 1)) * own for own in ctx.saved_tensors)
        return *[None] * 4, *gradients
