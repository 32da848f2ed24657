"""Compiled code for the masked error of rate networks and its gradient, in float32 on the CPU.

With currents a, rates r = φ(a) and r_0 = 0, a step and the readout before it are one product with stacked weights M:

    s_t = [r_t, x_{t+1}, 1],    [a_{t+1}, y_t] = s_t M + [keep · a_t, 0],    dE/dM = Σ_t s_tᵀ [dE/da_{t+1}, dE/dy_t]

Trials are rows and units are columns. So each time step works on one contiguous block of memory, and no product is of
a matrix with the transpose of another, for which OpenBLAS is slow where matrices are small. Rows begin at multiples of
64 bytes, as vector instructions want it (`aligned`): arrays have more columns than are used.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

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
def stack(parts, own):
    """Fill the stacked weights with parts, and `recurrent` with the transpose of what they do to rates."""
    recurrent_weights, input_weights, bias, readout_weights, readout_bias = parts
    (units, channels), outputs = input_weights.shape, len(readout_bias)
    own.weights[:units, :units] = recurrent_weights.T
    own.weights[units : units + channels, :units] = input_weights.T
    own.weights[units + channels, :units] = bias
    own.weights[:units, units : units + outputs] = readout_weights.T
    own.weights[units + channels, units : units + outputs] = readout_bias
    own.recurrent[:units, :units] = recurrent_weights
    own.recurrent[units : units + outputs, :units] = readout_weights


@kernel
def unstack(gradient, parts):
    """Fill the parts of a network with its dE/dM."""
    by_recurrent_weights, by_input_weights, by_bias, by_readout_weights, by_readout_bias = parts
    (units, channels), outputs = by_input_weights.shape, len(by_readout_bias)
    by_recurrent_weights[:] = gradient[:units, :units].T
    by_input_weights[:] = gradient[units : units + channels, :units].T
    by_bias[:] = gradient[units + channels, :units]
    by_readout_weights[:] = gradient[:units, units : units + outputs].T
    by_readout_bias[:] = gradient[units + channels, units : units + outputs]


@kernel
def forward(activation, keep, scale, units, noise, inputs, targets, mask, own):
    """Fill `sources` and dE/dy (time, trial, output); returns E.

    `noise` is (time, trial, unit), or (1, 0, 0) if there is none.
    """
    steps, trials, outputs = targets.shape
    channels = inputs.shape[2]
    total = 0.0
    for step in range(steps + 1):
        if step < steps:
            for trial in range(trials):
                for channel in range(channels):
                    own.sources[step, trial, units + channel] = inputs[step, trial, channel]
        multiply(trials, units + outputs, units + channels + 1, own.sources[step], own.weights, own.product)
        if step > 0:
            total += compare(units, own.product, targets[step - 1], mask[step - 1], scale, own.by_output[step - 1])
        if step < steps:
            added = noise[min(step, len(noise) - 1)]
            advance(activation, keep, units, own.product, added, own.currents, own.sources[step + 1])
    return total


@kernel
def backward(activation, keep, units, used, own):
    """Add dE/dM to `gradient`, of which `used` rows are; `now` and `later` start as zeros."""
    steps, trials, outputs = own.by_output.shape
    now, later = own.now, own.later
    for step in range(steps, 0, -1):
        later[:, units : units + outputs] = own.by_output[step - 1]
        add_product(used, units + outputs, trials, own.sources[step], later, own.gradient)
        multiply(trials, units, units + outputs, later, own.recurrent, own.by_rate)
        chain(activation, keep, units, own.sources[step], own.by_rate, later, now)
        later, now = now, later
    later[:, units : units + outputs] = ZERO
    add_product(used, units + outputs, trials, own.sources[0], later, own.gradient)


@kernel
def error_and_gradients(activation, keep, noise, inputs, targets, mask, parts, gradients, own):
    """Masked MSE of one network; fills its gradients with respect to the parts of its stacked weights.

    Noise (time, trial, unit) or (1, 0, 0), inputs and targets (time, trial, channel), mask (time, trial).
    """
    units, channels = parts[1].shape
    for array in (own.gradient, own.now, own.later, own.currents):
        array[:] = ZERO
    stack(parts, own)
    scale = ONE / (FLOAT(targets.shape[2]) * mask.sum())
    error = forward(activation, keep, scale, units, noise, inputs, targets, mask, own)
    backward(activation, keep, units, units + channels + 1, own)
    unstack(own.gradient, gradients)
    return error


def aligned(*shape: int) -> np.ndarray:
    """Zeros whose rows begin at multiples of 64 bytes; the last dimension may be longer than asked for."""
    shape = (*shape[:-1], -(-shape[-1] // LANE) * LANE)
    values = np.zeros(math.prod(shape) + LANE, FLOAT)
    first = -values.ctypes.data // FLOAT().nbytes % LANE
    return values[first : first + math.prod(shape)].reshape(shape)


class Workspace(NamedTuple):
    """Arrays for networks and trials of one size, used again and again: fresh memory takes a tenth of the time."""

    weights: np.ndarray  # stacked (unit + input + 1, unit + output)
    gradient: np.ndarray  # like the weights
    recurrent: np.ndarray  # (unit + output, unit)
    sources: np.ndarray  # (time + 1, trial, unit + input + 1)
    by_output: np.ndarray  # (time, trial, output)
    product: np.ndarray  # (trial, unit + output), and so are the others
    now: np.ndarray
    later: np.ndarray
    currents: np.ndarray
    by_rate: np.ndarray


@lru_cache(maxsize=4)
def workspace(steps: int, trials: int, inputs: int, width: int, outputs: int) -> Workspace:
    rows, columns = width + inputs + 1, width + outputs  # of the stacked weights
    sources = aligned(steps + 1, trials, rows)
    sources[..., rows - 1] = 1
    return Workspace(
        aligned(rows, columns),
        aligned(rows, columns),
        aligned(columns, width),
        sources,
        np.zeros((steps, trials, outputs), FLOAT),
        *(aligned(trials, columns) for _ in range(5)),
    )


def by_network(parts: Iterable[Tensor]) -> list[tuple[np.ndarray, ...]]:
    """The parts of the stacked weights of each network, from tensors (network, …), with which they share memory."""
    return list(zip(*(part.detach().numpy() for part in parts), strict=True))


def fill_gradients(activation: str, keep: float, noise: Tensor | None, batch, weights: list, gradients: list) -> Tensor:
    """Masked MSE (network) of networks, and their gradients in place; weights and gradients are as `by_network` says.

    The batch is inputs and targets (network, time, trial, channel) and mask (network, time, trial); the noise is
    (network, time, trial, unit).
    """
    inputs, targets, mask = (part.contiguous().numpy() for part in batch)
    added = np.zeros((len(mask), 1, 0, 0), FLOAT) if noise is None else noise.contiguous().numpy()
    errors = np.empty(len(mask), FLOAT)
    own = workspace(*mask.shape[1:], inputs.shape[-1], len(weights[0][0]), targets.shape[-1])
    code, keep = ACTIVATIONS[activation], FLOAT(keep)
    for network, each in enumerate(zip(added, inputs, targets, mask, weights, gradients, strict=True)):
        errors[network] = error_and_gradients(code, keep, *each, own)
    return torch.from_numpy(errors)


class MaskedError(torch.autograd.Function):
    """The same, differentiable by the parts of the stacked weights: error(activation, keep, noise, batch, *weights)."""

    @staticmethod
    def forward(ctx, activation: str, keep: float, noise: Tensor | None, batch, *weights: Tensor) -> Tensor:
        weights = [part.contiguous() for part in weights]
        gradients = [torch.empty_like(part) for part in weights]
        errors = fill_gradients(activation, keep, noise, batch, by_network(weights), by_network(gradients))
        ctx.save_for_backward(*gradients)
        return errors

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, by_error: Tensor):
        gradients = (by_error.view(-1, *[1] * (own.ndim - 1)) * own for own in ctx.saved_tensors)
        return *[None] * 4, *gradients
