"""Compiled code for the masked error of rate networks and its gradient, in float32 on the CPU.

With currents a, rates r = φ(a) and r_0 = 0, a step and the readout before it are one product with stacked weights M:

    s_t = [r_t; x_{t+1}; 1],    [a_{t+1}; y_t] = M s_t + [keep · a_t; 0],    dE/dM = Σ_t [dE/da_{t+1}; dE/dy_t] s_tᵀ

Units are rows and trials are columns, so that each time step works on one contiguous block of memory.
"""

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401  numba calls its matrix product
import torch
from numba import njit
from threadpoolctl import threadpool_limits
from torch import Tensor

threadpool_limits(1, user_api="blas")  # a result must not depend on the number of cores

TANH, RELU = 0, 1
ACTIVATIONS = {"tanh": TANH, "relu": RELU}

FLOAT = np.float32
ZERO, ONE, TWO = FLOAT(0), FLOAT(1), FLOAT(2)

# tanh x as x · P(x²) / Q(x²), constant terms first; coefficients of Eigen (generic_fast_tanh_float)
CLAMP = FLOAT(7.90531110763549805)
P0, P1, P2, P3 = map(FLOAT, (4.89352455891786e-3, 6.37261928875436e-4, 1.48572235717979e-5, 5.12229709037114e-8))
P4, P5, P6 = map(FLOAT, (-8.60467152213735e-11, 2.00018790482477e-13, -2.76076847742355e-16))
Q0, Q1, Q2, Q3 = map(FLOAT, (4.89352518554385e-3, 2.26843463243900e-3, 1.18534705686654e-4, 1.19825839466702e-6))

# Sums may be reordered and products fused, but NaN and infinity are kept: a diverged network must show.
# The error model lets loops that divide run in vector lanes.
OPTIONS = {"fastmath": {"contract", "reassoc", "arcp", "nsz"}, "error_model": "numpy"}


def compiled(function):
    """The function, compiled at its first call and cached on disk if possible."""
    try:
        return njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # neither this folder nor the user's cache can be written to
        return njit(**OPTIONS)(function)


@compiled
def activate(activation, currents, rates):
    for i in range(currents.size):
        x = currents[i]
        if activation == RELU:
            rates[i] = ZERO if x < ZERO else x
        else:
            x = CLAMP if x > CLAMP else x  # in this form NaN stays NaN
            x = -CLAMP if x < -CLAMP else x
            s = x * x
            odd = P0 + s * (P1 + s * (P2 + s * (P3 + s * (P4 + s * (P5 + s * P6)))))
            rates[i] = x * odd / (Q0 + s * (Q1 + s * (Q2 + s * Q3)))


@compiled
def chain(activation, keep, rates, by_rate, later, now):
    """Fill dE/da of a step from dE/dr and from dE/da one step later."""
    for i in range(by_rate.size):
        if activation == RELU:
            slope = ONE if rates[i] > ZERO else ZERO
        else:
            slope = ONE - rates[i] * rates[i]
        now[i] = keep * later[i] + slope * by_rate[i]


@compiled
def leak(keep, currents, drive):
    for i in range(currents.size):
        currents[i] = keep * currents[i] + drive[i]


@compiled
def compare(outputs, targets, mask, scale, by_output):
    """Fill the derivative of scale · Σ mask · error² over (output, trial), and return it."""
    rows, trials = targets.shape
    total = ZERO
    for row in range(rows):
        for trial in range(trials):
            error = outputs[row * trials + trial] - targets[row, trial]
            weighted = scale * mask[trial] * error
            total += error * weighted
            by_output[row * trials + trial] = TWO * weighted
    return total


@compiled
def multiply(left, right, out):
    np.dot(left, right, out)


@compiled
def add(values, total):
    for i in range(total.size):
        total[i] += values[i]


@compiled
def forward(activation, keep, scale, weights, sources, targets, mask, product, currents, by_output):
    """Fill the rates of `sources` (time + 1, unit + input + 1, trial) and dE/dy (time, output · trial); returns E."""
    steps = len(targets)
    hidden = currents.size
    drive = product.reshape(-1)
    total = 0.0
    for step in range(steps + 1):
        multiply(weights, sources[step], product)
        if step > 0:
            total += compare(drive[hidden:], targets[step - 1], mask[step - 1], scale, by_output[step - 1])
        if step < steps:
            rates = sources[step + 1].reshape(-1)
            if keep > ZERO:
                leak(keep, currents, drive)
                activate(activation, currents, rates)
            else:
                activate(activation, drive[:hidden], rates)
    return total


@compiled
def backward(activation, keep, recurrent, sources, by_output, now, later, by_rate, part, gradient):
    """Add dE/dM to `gradient`; `recurrent` (unit, unit + output) is the transpose of what M does to rates.

    `now` and `later` (unit + output, trial) start as zeros; the initial values of `by_rate` and `part` do not matter.
    """
    hidden = by_rate.size
    for step in range(len(by_output), 0, -1):
        add(by_output[step - 1], later.reshape(-1)[hidden:])  # which is 0 there
        multiply(later, sources[step].T, part)
        add(part.reshape(-1), gradient.reshape(-1))
        multiply(recurrent, later, by_rate)
        later.reshape(-1)[hidden:] = ZERO
        chain(activation, keep, sources[step].reshape(-1), by_rate.reshape(-1), later.reshape(-1), now.reshape(-1))
        later, now = now, later
    multiply(later, sources[0].T, part)
    add(part.reshape(-1), gradient.reshape(-1))


def blocks(width: int) -> tuple:
    """Where the stacked weights hold recurrent weights, input weights, bias, readout weights and readout bias."""
    unit, output = slice(width), slice(width, None)
    return (unit, unit), (unit, slice(width, -1)), (unit, -1), (output, unit), (output, -1)


def error_and_gradients(activation: str, keep: float, inputs, targets, mask, *parts) -> tuple:
    """Masked MSE of one network, and its gradients with respect to the parts of the stacked weights (see `blocks`).

    Inputs and targets (time, trial, channel), mask (time, trial).
    """
    steps, trials, outputs = targets.shape
    width = len(parts[0])
    rows, columns = width + outputs, width + inputs.shape[-1] + 1
    weights, gradient, part = np.zeros((3, rows, columns), FLOAT)
    for block, values in zip(blocks(width), parts, strict=True):
        weights[block] = values
    sources = np.empty((steps + 1, columns, trials), FLOAT)
    sources[0, :width], sources[-1, width:-1], sources[:, -1] = 0, 0, 1
    sources[:-1, width:-1] = inputs.transpose(0, 2, 1)
    by_output = np.empty((steps, outputs * trials), FLOAT)
    product, now, later = np.zeros((3, rows, trials), FLOAT)
    currents, by_rate = np.zeros(width * trials, FLOAT), np.empty((width, trials), FLOAT)
    code, keep, scale = ACTIVATIONS[activation], FLOAT(keep), ONE / (FLOAT(outputs) * mask.sum())
    targets = np.ascontiguousarray(targets.transpose(0, 2, 1))
    error = forward(code, keep, scale, weights, sources, targets, mask, product, currents, by_output)
    recurrent = np.ascontiguousarray(weights[:, :width].T)
    backward(code, keep, recurrent, sources, by_output, now, later, by_rate, part, gradient)
    return error, *(gradient[block] for block in blocks(width))


class MaskedError(torch.autograd.Function):
    """Masked MSE (network) of networks given by the parts of their stacked weights, each (network, …).

    Inputs and targets (network, time, trial, channel) and mask (network, time, trial) get no gradient.
    """

    @staticmethod
    def forward(ctx, activation: str, keep: float, *tensors: Tensor) -> Tensor:
        networks = zip(*(tensor.detach().contiguous().numpy() for tensor in tensors), strict=True)
        results = [error_and_gradients(activation, keep, *network) for network in networks]
        errors, *gradients = (torch.from_numpy(np.stack(own)) for own in zip(*results, strict=True))
        ctx.save_for_backward(*gradients)
        return errors.float()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, by_error: Tensor):
        gradients = (by_error.view(-1, *[1] * (own.ndim - 1)) * own for own in ctx.saved_tensors)
        return None, None, None, None, None, *gradients
