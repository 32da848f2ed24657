"""Masked error of rate networks and its gradient in three launches, for all networks at once (Triton).

With currents a, rates r = φ(a) and r_0 = 0, of a network on a trial,

    a_t = keep · a_{t−1} + W r_{t−1} + W_x x_t + b,    y_t = W_o r_t + b_o,    E = Σ_t scale · mask_t ‖y_t − target_t‖²
    δ_t = dE/da_t = keep · δ_{t+1} + φ'(a_t) (Wᵀ δ_{t+1} + W_oᵀ e_t),          e_t = dE/dy_t

One program advances a slice of one network's trials through all steps, and what a launch writes is read by those after
it. `advance` writes the rates and the errors e, `retrace` reads them and writes δ, `add_up` makes the gradients from
all three, each a product summed over steps and trials, in runs of rows whose sums are added afterwards: nothing
depends on the order in which programs run. `advance` and `retrace` hold W in shared memory and states in registers;
`advance_streamed` and `retrace_streamed` read both again at each step, from the caches, and have no limit of width.

Units, inputs, outputs and trials are padded with zeros to powers of two; rates of padded units are 0 throughout. The
number of steps is compiled in: an experiment has few, and Triton's interpreter cannot loop over a number it is given.
"""

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
def product(x_high, x_low, high, low, added, PRECISION: tl.constexpr):
    """added + (x_high + x_low) @ (high + low), both factors as `split` returns them.

    In tf32x3 the product of both remainders, about 2⁻²² of the whole, is left out.
    """
    if PRECISION == "tf32x3":
        added = tl.dot(x_low, high, acc=added, input_precision="tf32")
        added = tl.dot(x_high, low, acc=added, input_precision="tf32")
        return tl.dot(x_high, high, acc=added, input_precision="tf32")
    else:  # not the first parts alone: a NaN may be in the remainder
        return tl.dot(x_high + x_low, high + low, acc=added, input_precision="tf32")


@triton.jit
def matrix(pointer, ROWS: tl.constexpr, COLUMNS: tl.constexpr, rows, columns, stride_row, stride_column):
    """Entries (rows, columns) of a matrix, 0 where it has none."""
    inside = (rows < ROWS)[:, None] & (columns < COLUMNS)[None, :]
    return tl.load(pointer + rows[:, None] * stride_row + columns[None, :] * stride_column, mask=inside, other=0.0)


@triton.jit
def rows_of(pointer, row, there, column, COLUMNS: tl.constexpr):
    """Rows of a matrix of so many columns, 0 where it has no such column or a row is not there."""
    inside = there[:, None] & (column < COLUMNS)[None, :]
    return tl.load(pointer + row[:, None] * COLUMNS + column[None, :], mask=inside, other=0.0)


@triton.jit
def driving(inputs, row, there, channel, INPUTS: tl.constexpr):
    """Rows of the inputs, and behind them an input that is 1, whose weight is the bias."""
    return tl.where((channel == INPUTS)[None, :], 1.0, rows_of(inputs, row, there, channel, INPUTS))


@triton.jit
def advance(
    inputs, targets, mask, scale, recurrent, input_weights, bias, readout, readout_bias,
    rates, errors, losses,
    trials, keep,
    STEPS: tl.constexpr, WIDTH: tl.constexpr, INPUTS: tl.constexpr, OUTPUTS: tl.constexpr,
    UNIT: tl.constexpr, INPUT: tl.constexpr, OUTPUT: tl.constexpr, TRIAL: tl.constexpr,
    RELU: tl.constexpr, LEAKY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Rates (network, step + 1, trial, unit) from the second on, errors e (network, step, trial, output), and the loss
    (network, slice) of a slice of trials."""
    network = tl.program_id(0).to(tl.int64)
    unit, source, channel, output = tl.arange(0, UNIT), tl.arange(0, UNIT), tl.arange(0, INPUT), tl.arange(0, OUTPUT)
    trial = tl.program_id(1) * TRIAL + tl.arange(0, TRIAL)
    there = trial < trials
    inputs += network * STEPS * trials * INPUTS
    targets += network * STEPS * trials * OUTPUTS
    errors += network * STEPS * trials * OUTPUTS
    mask += network * STEPS * trials
    rates += network * (STEPS + 1) * trials * WIDTH
    weights = matrix(recurrent + network * WIDTH * WIDTH, WIDTH, WIDTH, source, unit, 1, WIDTH)  # (source, unit)
    by_input = matrix(input_weights + network * WIDTH * INPUTS, INPUTS, WIDTH, channel, unit, 1, INPUTS)
    constant = tl.load(bias + network * WIDTH + unit, mask=unit < WIDTH, other=0.0)
    by_input = tl.where((channel == INPUTS)[:, None], constant[None, :], by_input)  # of an input that is 1
    by_unit = matrix(readout + network * OUTPUTS * WIDTH, WIDTH, OUTPUTS, source, output, 1, WIDTH)
    high, low = split(weights)
    input_high, input_low = split(by_input)
    output_high, output_low = split(by_unit)
    output_constant = tl.load(readout_bias + network * OUTPUTS + output, mask=output < OUTPUTS, other=0.0)
    factor = tl.load(scale + network)
    current = tl.zeros((TRIAL, UNIT), tl.float32)
    loss = tl.zeros((TRIAL,), tl.float32)
    given_high, given_low = split(driving(inputs, trial, there, channel, INPUTS))
    drive = product(given_high, given_low, input_high, input_low, current, PRECISION)
    for step in range(STEPS):
        row = step * trials + trial
        given = driving(inputs, row + trials, there & (step < STEPS - 1), channel, INPUTS)  # at the next step
        wanted = rows_of(targets, row, there, output, OUTPUTS)
        counted = tl.load(mask + row, mask=there, other=0.0)
        if LEAKY:
            current = keep * current + drive
        else:
            current = drive
        if RELU:
            rate = tl.where(current < 0.0, 0.0, current)
        else:
            rate = tanh(current)
        tl.store(
            rates + (row + trials)[:, None] * WIDTH + unit[None, :],
            rate,
            mask=there[:, None] & (unit < WIDTH)[None, :],
        )
        rate_high, rate_low = split(rate)
        given_high, given_low = split(given)
        drive = tl.zeros((TRIAL, UNIT), tl.float32)  # of the next step
        drive = product(given_high, given_low, input_high, input_low, drive, PRECISION)
        drive = product(rate_high, rate_low, high, low, drive, PRECISION)
        answer = tl.zeros((TRIAL, OUTPUT), tl.float32) + output_constant[None, :]
        answer = product(rate_high, rate_low, output_high, output_low, answer, PRECISION)
        error = tl.where(there[:, None], answer - wanted, 0.0)
        weighted = factor * counted[:, None] * error
        loss += tl.sum(error * weighted, axis=1)
        tl.store(
            errors + row[:, None] * OUTPUTS + output[None, :],
            2.0 * weighted,
            mask=there[:, None] & (output < OUTPUTS)[None, :],
        )
    tl.store(losses + network * tl.num_programs(1) + tl.program_id(1), tl.sum(loss, axis=0))


@triton.jit
def advance_streamed(
    inputs, targets, mask, scale, recurrent, input_weights, bias, readout, readout_bias,
    rates, errors, losses, currents,
    trials, keep,
    STEPS: tl.constexpr, WIDTH: tl.constexpr, INPUTS: tl.constexpr, OUTPUTS: tl.constexpr,
    TILE: tl.constexpr, SPAN: tl.constexpr, INPUT: tl.constexpr, OUTPUT: tl.constexpr, TRIAL: tl.constexpr,
    RELU: tl.constexpr, LEAKY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """What `advance` writes, for any width: tile by tile of units, each a sum over spans of their sources.

    The first rates are zeros that are there already, and so are the currents (network, trial, unit) of a leaky cell.
    """
    network = tl.program_id(0).to(tl.int64)
    channel, output = tl.arange(0, INPUT), tl.arange(0, OUTPUT)
    trial = tl.program_id(1) * TRIAL + tl.arange(0, TRIAL)
    there = trial < trials
    inputs += network * STEPS * trials * INPUTS
    targets += network * STEPS * trials * OUTPUTS
    errors += network * STEPS * trials * OUTPUTS
    mask += network * STEPS * trials
    rates += network * (STEPS + 1) * trials * WIDTH
    currents += network * trials * WIDTH
    recurrent += network * WIDTH * WIDTH
    input_weights += network * WIDTH * INPUTS
    bias += network * WIDTH
    readout += network * OUTPUTS * WIDTH
    output_constant = tl.load(readout_bias + network * OUTPUTS + output, mask=output < OUTPUTS, other=0.0)
    factor = tl.load(scale + network)
    loss = tl.zeros((TRIAL,), tl.float32)
    for step in range(STEPS):
        row = step * trials + trial
        given_high, given_low = split(driving(inputs, row, there, channel, INPUTS))
        wanted = rows_of(targets, row, there, output, OUTPUTS)
        counted = tl.load(mask + row, mask=there, other=0.0)
        answer = tl.zeros((TRIAL, OUTPUT), tl.float32) + output_constant[None, :]
        for first in range(0, WIDTH, TILE):
            unit = first + tl.arange(0, TILE)
            inside = there[:, None] & (unit < WIDTH)[None, :]
            by_input = matrix(input_weights, INPUTS, WIDTH, channel, unit, 1, INPUTS)
            constant = tl.load(bias + unit, mask=unit < WIDTH, other=0.0)
            input_high, input_low = split(tl.where((channel == INPUTS)[:, None], constant[None, :], by_input))
            current = tl.zeros((TRIAL, TILE), tl.float32)
            if LEAKY:
                current = keep * rows_of(currents, trial, there, unit, WIDTH)
            current = product(given_high, given_low, input_high, input_low, current, PRECISION)
            for begin in range(0, WIDTH, SPAN):
                source = begin + tl.arange(0, SPAN)
                high, low = split(matrix(recurrent, WIDTH, WIDTH, source, unit, 1, WIDTH))
                rate_high, rate_low = split(rows_of(rates, row, there, source, WIDTH))
                part = tl.zeros((TRIAL, TILE), tl.float32)  # see `add_up`
                current += product(rate_high, rate_low, high, low, part, PRECISION)
            if LEAKY:
                tl.store(currents + trial[:, None] * WIDTH + unit[None, :], current, mask=inside)
            if RELU:
                rate = tl.where(current < 0.0, 0.0, current)
            else:
                rate = tanh(current)
            tl.store(rates + (row + trials)[:, None] * WIDTH + unit[None, :], rate, mask=inside)
            rate_high, rate_low = split(rate)
            output_high, output_low = split(matrix(readout, WIDTH, OUTPUTS, unit, output, 1, WIDTH))
            answer = product(rate_high, rate_low, output_high, output_low, answer, PRECISION)
        error = tl.where(there[:, None], answer - wanted, 0.0)
        weighted = factor * counted[:, None] * error
        loss += tl.sum(error * weighted, axis=1)
        tl.store(
            errors + row[:, None] * OUTPUTS + output[None, :],
            2.0 * weighted,
            mask=there[:, None] & (output < OUTPUTS)[None, :],
        )
        tl.debug_barrier()  # all rates of a step are written before the next reads them
    tl.store(losses + network * tl.num_programs(1) + tl.program_id(1), tl.sum(loss, axis=0))


@triton.jit
def retrace(
    recurrent, readout, rates, errors, deltas,
    trials, keep,
    STEPS: tl.constexpr, WIDTH: tl.constexpr, OUTPUTS: tl.constexpr,
    UNIT: tl.constexpr, OUTPUT: tl.constexpr, TRIAL: tl.constexpr,
    RELU: tl.constexpr, LEAKY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """δ (network, step, trial, unit) of a slice of trials, from the last step to the first."""
    network = tl.program_id(0).to(tl.int64)
    unit, source, output = tl.arange(0, UNIT), tl.arange(0, UNIT), tl.arange(0, OUTPUT)
    trial = tl.program_id(1) * TRIAL + tl.arange(0, TRIAL)
    there = trial < trials
    errors += network * STEPS * trials * OUTPUTS
    rates += network * (STEPS + 1) * trials * WIDTH
    deltas += network * STEPS * trials * WIDTH
    weights = matrix(recurrent + network * WIDTH * WIDTH, WIDTH, WIDTH, unit, source, WIDTH, 1)  # (unit, source)
    by_output = matrix(readout + network * OUTPUTS * WIDTH, OUTPUTS, WIDTH, output, source, WIDTH, 1)
    high, low = split(weights)
    output_high, output_low = split(by_output)
    later = tl.zeros((TRIAL, UNIT), tl.float32)
    inside = there[:, None] & (source < WIDTH)[None, :]
    for back in range(STEPS):
        row = (STEPS - 1 - back) * trials + trial
        rate = rows_of(rates, row + trials, there, source, WIDTH)
        error = rows_of(errors, row, there, output, OUTPUTS)
        later_high, later_low = split(later)
        error_high, error_low = split(error)
        by_rate = product(later_high, later_low, high, low, tl.zeros((TRIAL, UNIT), tl.float32), PRECISION)
        by_rate = product(error_high, error_low, output_high, output_low, by_rate, PRECISION)
        if RELU:
            own = tl.where(rate > 0.0, by_rate, 0.0)
        else:
            own = by_rate * (1.0 - rate * rate)
        if LEAKY:
            later = keep * later + own
        else:
            later = own
        tl.store(deltas + row[:, None] * WIDTH + source[None, :], later, mask=inside)


@triton.jit
def retrace_streamed(
    recurrent, readout, rates, errors, deltas,
    trials, keep,
    STEPS: tl.constexpr, WIDTH: tl.constexpr, OUTPUTS: tl.constexpr,
    TILE: tl.constexpr, SPAN: tl.constexpr, OUTPUT: tl.constexpr, TRIAL: tl.constexpr,
    RELU: tl.constexpr, LEAKY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """What `retrace` writes, for any width."""
    network = tl.program_id(0).to(tl.int64)
    output = tl.arange(0, OUTPUT)
    trial = tl.program_id(1) * TRIAL + tl.arange(0, TRIAL)
    there = trial < trials
    errors += network * STEPS * trials * OUTPUTS
    rates += network * (STEPS + 1) * trials * WIDTH
    deltas += network * STEPS * trials * WIDTH
    recurrent += network * WIDTH * WIDTH
    readout += network * OUTPUTS * WIDTH
    for back in range(STEPS):
        row = (STEPS - 1 - back) * trials + trial
        followed = there & (back > 0)  # there is no δ after the last step
        error_high, error_low = split(rows_of(errors, row, there, output, OUTPUTS))
        for first in range(0, WIDTH, TILE):
            source = first + tl.arange(0, TILE)
            output_high, output_low = split(matrix(readout, OUTPUTS, WIDTH, output, source, WIDTH, 1))
            by_rate = tl.zeros((TRIAL, TILE), tl.float32)
            by_rate = product(error_high, error_low, output_high, output_low, by_rate, PRECISION)
            for begin in range(0, WIDTH, SPAN):
                unit = begin + tl.arange(0, SPAN)
                high, low = split(matrix(recurrent, WIDTH, WIDTH, unit, source, WIDTH, 1))
                later_high, later_low = split(rows_of(deltas, row + trials, followed, unit, WIDTH))
                part = tl.zeros((TRIAL, TILE), tl.float32)  # see `add_up`
                by_rate += product(later_high, later_low, high, low, part, PRECISION)
            rate = rows_of(rates, row + trials, there, source, WIDTH)
            if RELU:
                own = tl.where(rate > 0.0, by_rate, 0.0)
            else:
                own = by_rate * (1.0 - rate * rate)
            if LEAKY:
                own += keep * rows_of(deltas, row + trials, followed, source, WIDTH)
            inside = there[:, None] & (source < WIDTH)[None, :]
            tl.store(deltas + row[:, None] * WIDTH + source[None, :], own, mask=inside)
        tl.debug_barrier()  # all δ of a step are written before the one before reads them


@triton.jit
def add_up(
    inputs, rates, errors, deltas,
    recurrent, input_weights, bias, readout, readout_bias,
    steps, trials,
    WIDTH: tl.constexpr, INPUTS: tl.constexpr, OUTPUTS: tl.constexpr,
    TILE: tl.constexpr, INPUT: tl.constexpr, OUTPUT: tl.constexpr, ROW: tl.constexpr, ROWS: tl.constexpr,
    PRECISION: tl.constexpr,
):  # fmt: skip
    """Gradients (network, run, …) from the rows of a run, for a tile of units and a tile of their sources: row k of the
    rates is the source at row k of δ and what is read out at row k − trials of the errors."""
    network = tl.program_id(0).to(tl.int64)
    place = network * tl.num_programs(1) + tl.program_id(1)
    tiles: tl.constexpr = (WIDTH + TILE - 1) // TILE
    of_unit, of_source = tl.program_id(2) // tiles, tl.program_id(2) % tiles
    unit, source = of_unit * TILE + tl.arange(0, TILE), of_source * TILE + tl.arange(0, TILE)
    channel, output = tl.arange(0, INPUT), tl.arange(0, OUTPUT)
    inputs += network * steps * trials * INPUTS
    errors += network * steps * trials * OUTPUTS
    rates += network * (steps + 1) * trials * WIDTH
    deltas += network * steps * trials * WIDTH
    by_recurrent = tl.zeros((TILE, TILE), tl.float32)
    by_input = tl.zeros((TILE, INPUT), tl.float32)
    by_readout = tl.zeros((OUTPUT, TILE), tl.float32)
    by_bias = tl.zeros((TILE,), tl.float32)
    by_readout_bias = tl.zeros((OUTPUT,), tl.float32)
    for begin in range(0, ROWS, ROW):
        row = tl.program_id(1) * ROWS + begin + tl.arange(0, ROW)
        before, after = row < steps * trials, (row >= trials) & (row < (steps + 1) * trials)
        rate = rows_of(rates, row, row < (steps + 1) * trials, source, WIDTH)
        delta = rows_of(deltas, row, before, unit, WIDTH)
        given = rows_of(inputs, row, before, channel, INPUTS)
        error = rows_of(errors, row - trials, after, output, OUTPUTS)
        high, low = split(rate)
        input_high, input_low = split(given)
        delta_high, delta_low = split(tl.trans(delta))
        error_high, error_low = split(tl.trans(error))
        # Tensor cores round sums towards zero: only short ones are left to them
        square, tall = tl.zeros((TILE, TILE), tl.float32), tl.zeros((TILE, INPUT), tl.float32)
        by_recurrent += product(delta_high, delta_low, high, low, square, PRECISION)
        by_input += product(delta_high, delta_low, input_high, input_low, tall, PRECISION)
        by_readout += product(error_high, error_low, high, low, tl.zeros((OUTPUT, TILE), tl.float32), PRECISION)
        by_bias += tl.sum(delta, axis=0)
        by_readout_bias += tl.sum(error, axis=0)
    tl.store(
        recurrent + place * WIDTH * WIDTH + unit[:, None] * WIDTH + source[None, :],
        by_recurrent,
        mask=(unit < WIDTH)[:, None] & (source < WIDTH)[None, :],
    )
    if of_source == 0:
        tl.store(
            input_weights + place * WIDTH * INPUTS + unit[:, None] * INPUTS + channel[None, :],
            by_input,
            mask=(unit < WIDTH)[:, None] & (channel < INPUTS)[None, :],
        )
        tl.store(bias + place * WIDTH + unit, by_bias, mask=unit < WIDTH)
    if of_unit == 0:
        tl.store(
            readout + place * OUTPUTS * WIDTH + output[:, None] * WIDTH + source[None, :],
            by_readout,
            mask=(output < OUTPUTS)[:, None] & (source < WIDTH)[None, :],
        )
        tl.store(readout_bias + place * OUTPUTS + output, by_readout_bias, mask=output < OUTPUTS)
