"""What the fused kernels share: products to float32 on tensor cores, tanh, and masked reads and stores of matrices."""

import triton
import triton.language as tl


@triton.jit
def tanh(x):
    """x · P(x²) / Q(x²), the formula and the coefficients of the compiled code (`_kernel.py`); NaN stays NaN."""
    x = tl.where(x > 7.90531110763549805, 7.90531110763549805, x)
    x = tl.where(x < -7.90531110763549805, -7.90531110763549805, x)
    s = x * x
    odd = 2.00018790482477e-13 + s * -2.76076847742355e-16
    odd = 1.48572235717979e-5 + s * (5.12229709037114e-8 + s * (-8.60467152213735e-11 + s * odd))
    odd = 4.89352455891786e-3 + s * (6.37261928875436e-4 + s * odd)
    even = 4.89352518554385e-3 + s * (2.26843463243900e-3 + s * (1.18534705686654e-4 + s * 1.19825839466702e-6))
    root = tl.rsqrt(even)  # a division takes twice as many instructions
    inverse = root * root
    return x * odd * (inverse * (2.0 - even * inverse))


@triton.jit
def split(x):
    """x as the sum of the nearest number with 11 leading bits, which tf32 holds, and a remainder."""
    high = ((x.to(tl.int32, bitcast=True) + 0x1000) & -0x2000).to(tl.float32, bitcast=True)
    return high, x - high


@triton.jit
def product(high, low, x_high, x_low, added, PRECISION: tl.constexpr):
    """added + (high + low) @ (x_high + x_low), both factors as `split` returns them.

    In tf32x3 the product of both remainders, about 2⁻²² of the whole, is left out.
    """
    if PRECISION == "tf32x3":
        added = tl.dot(low, x_high, acc=added, input_precision="tf32")
        added = tl.dot(high, x_low, acc=added, input_precision="tf32")
        return tl.dot(high, x_high, acc=added, input_precision="tf32")
    else:  # not the first parts alone: a NaN may be in the remainder
        return tl.dot(high + low, x_high + x_low, acc=added, input_precision="tf32")


@triton.jit
def matrix(pointer, rows, columns, ROWS: tl.constexpr, COLUMNS: tl.constexpr, stride_row, stride_column):
    """Entries (rows, columns) of a matrix, 0 where it has none."""
    inside = (rows < ROWS)[:, None] & (columns < COLUMNS)[None, :]
    return tl.load(pointer + rows[:, None] * stride_row + columns[None, :] * stride_column, mask=inside, other=0.0)


@triton.jit
def matrix_where(there, pointer, rows, columns, ROWS: tl.constexpr, COLUMNS: tl.constexpr, stride_row, stride_column):
    """The same where `there` is true, and 0 elsewhere."""
    inside = (rows < ROWS)[:, None] & ((columns < COLUMNS) & there)[None, :]
    return tl.load(pointer + rows[:, None] * stride_row + columns[None, :] * stride_column, mask=inside, other=0.0)


@triton.jit
def store_matrix(pointer, values, rows, columns, ROWS: tl.constexpr, COLUMNS: tl.constexpr, stride_row, stride_column):
    """Store the entries (rows, columns) that a matrix has."""
    inside = (rows < ROWS)[:, None] & (columns < COLUMNS)[None, :]
    tl.store(pointer + rows[:, None] * stride_row + columns[None, :] * stride_column, values, mask=inside)


@triton.jit
def weights_with_bias(weights, bias, unit, channel, WIDTH: tl.constexpr, INPUTS: tl.constexpr):
    """Input weights (unit, channel), and behind them the bias as the weight of an input that is 1."""
    constant = tl.load(bias + unit, mask=unit < WIDTH, other=0.0)
    by_input = matrix(weights, unit, channel, WIDTH, INPUTS, INPUTS, 1)
    return tl.where((channel == INPUTS)[None, :], constant[:, None], by_input)


@triton.jit
def driving(inputs, channel, trial, INPUTS: tl.constexpr, TRIALS: tl.constexpr):
    """Inputs (channel, trial) of a step, and behind them an input that is 1 where there is a trial."""
    given = matrix(inputs, channel, trial, INPUTS, TRIALS, 1, INPUTS)
    return tl.where((channel == INPUTS)[:, None] & (trial < TRIALS)[None, :], 1.0, given)
