"""Masked error of rate networks and its gradient in four launches, for all networks at once (Triton).

With currents a, rates r = φ(a) and r_0 = 0, of a network on a trial,

    a_t = keep · a_{t−1} + W r_{t−1} + W_x x_t + b,    y_t = W_o r_t + b_o,    E = Σ_t scale · mask_t ‖y_t − target_t‖²
    δ_t = dE/da_t = keep · δ_{t+1} + φ'(a_t) (Wᵀ δ_{t+1} + W_oᵀ e_t),          e_t = dE/dy_t

`advance` writes the rates, `answer` the errors e and the loss, `retrace` δ, and `add_up` makes the gradients from all
three. Each launch reads what those before it wrote. In `advance` and `retrace` one program takes a slice of one
network's trials through all steps; the steps of `answer` and the sums of `add_up` do not wait for each other. A sum is
made in runs of steps and added up afterwards, so nothing depends on the order in which programs run.

Rates, errors and δ are stored with the trials last, (network, step, unit or output, trial). The tensor cores of Hopper
take factors in tf32 only with the index they sum over stored contiguously: with the states (unit, trial) this holds for
W in `advance`, and with the trials last for both factors in `add_up`.

`advance` and `retrace` hold W and the states in registers. For wide networks those of `fused_streamed.py` take their
place.

Units, inputs, outputs and trials are padded with zeros to powers of two; rates of padded units are 0 throughout. The
numbers of steps and trials are compiled in: an experiment has few, and Triton's interpreter cannot loop over a number
that it is given.
"""

import triton
import triton.language as tl

from degeneracy.networks.backends.fused_parts import (
    driving,
    matrix,
    matrix_where,
    product,
    split,
    store_matrix,
    tanh,
    weights_with_bias,
)


@triton.jit
def advance(
    inputs, recurrent, input_weights, bias, rates, keep,
    STEPS: tl.constexpr, TRIALS: tl.constexpr, WIDTH: tl.constexpr, INPUTS: tl.constexpr,
    UNIT: tl.constexpr, INPUT: tl.constexpr, TRIAL: tl.constexpr,
    RELU: tl.constexpr, LEAKY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Rates (network, step + 1, unit, trial) from the second step on, of a slice of trials."""
    network = tl.program_id(0).to(tl.int64)
    unit, source, channel = tl.arange(0, UNIT), tl.arange(0, UNIT), tl.arange(0, INPUT)
    trial = tl.program_id(1) * TRIAL + tl.arange(0, TRIAL)
    inputs += network * STEPS * TRIALS * INPUTS
    rates += network * (STEPS + 1) * WIDTH * TRIALS
    high, low = split(matrix(recurrent + network * WIDTH * WIDTH, unit, source, WIDTH, WIDTH, WIDTH, 1))
    by_input = weights_with_bias(
        input_weights + network * WIDTH * INPUTS, bias + network * WIDTH, unit, channel, WIDTH, INPUTS
    )
    input_high, input_low = split(by_input)
    inside = (unit < WIDTH)[:, None] & (trial < TRIALS)[None, :]
    place = unit[:, None] * TRIALS + trial[None, :]
    current = tl.zeros((UNIT, TRIAL), tl.float32)
    given_high, given_low = split(driving(inputs, channel, trial, INPUTS, TRIALS))
    drive = product(input_high, input_low, given_high, given_low, current, PRECISION)
    for step in range(STEPS):
        later = tl.minimum(step + 1, STEPS - 1)
        given = driving(inputs + later * TRIALS * INPUTS, channel, trial, INPUTS, TRIALS)  # at the next step
        if LEAKY:
            current = keep * current + drive
        else:
            current = drive
        if RELU:
            rate = tl.where(current < 0.0, 0.0, current)
        else:
            rate = tanh(current)
        rate_high, rate_low = split(rate)
        given_high, given_low = split(given)
        drive = tl.zeros((UNIT, TRIAL), tl.float32)  # of the next step
        drive = product(input_high, input_low, given_high, given_low, drive, PRECISION)
        drive = product(high, low, rate_high, rate_low, drive, PRECISION)
        tl.store(rates + (step + 1) * WIDTH * TRIALS + place, rate, mask=inside)


@triton.jit
def answer(
    targets, mask, scale, readout, readout_bias, rates, errors, losses,
    STEPS: tl.constexpr, TRIALS: tl.constexpr, WIDTH: tl.constexpr, OUTPUTS: tl.constexpr,
    RUN: tl.constexpr, SPAN: tl.constexpr, OUTPUT: tl.constexpr, TRIAL: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Errors e (network, step, output, trial), and the loss (network, run, slice) of a run of steps and a slice of
    trials."""
    network = tl.program_id(0).to(tl.int64)
    output = tl.arange(0, OUTPUT)
    trial = tl.program_id(2) * TRIAL + tl.arange(0, TRIAL)
    there = trial < TRIALS
    inside = (output < OUTPUTS)[:, None] & there[None, :]
    targets += network * STEPS * TRIALS * OUTPUTS
    errors += network * STEPS * OUTPUTS * TRIALS
    mask += network * STEPS * TRIALS
    rates += network * (STEPS + 1) * WIDTH * TRIALS
    readout += network * OUTPUTS * WIDTH
    constant = tl.load(readout_bias + network * OUTPUTS + output, mask=output < OUTPUTS, other=0.0)
    factor = tl.load(scale + network)
    loss = tl.zeros((TRIAL,), tl.float32)
    for number in range(RUN):
        step = tl.program_id(1) * RUN + number
        if step < STEPS:
            wanted = matrix(targets + step * TRIALS * OUTPUTS, output, trial, OUTPUTS, TRIALS, 1, OUTPUTS)
            counted = tl.load(mask + step * TRIALS + trial, mask=there, other=0.0)
            given = tl.zeros((OUTPUT, TRIAL), tl.float32) + constant[:, None]
            for begin in range(0, WIDTH, SPAN):
                unit = begin + tl.arange(0, SPAN)
                high, low = split(matrix(readout, output, unit, OUTPUTS, WIDTH, WIDTH, 1))
                row = rates + (step + 1) * WIDTH * TRIALS
                rate_high, rate_low = split(matrix(row, unit, trial, WIDTH, TRIALS, TRIALS, 1))
                given = product(high, low, rate_high, rate_low, given, PRECISION)
            error = tl.where(there[None, :], given - wanted, 0.0)
            weighted = factor * counted[None, :] * error
            loss += tl.sum(error * weighted, axis=0)
            place = step * OUTPUTS * TRIALS + output[:, None] * TRIALS + trial[None, :]
            tl.store(errors + place, 2.0 * weighted, mask=inside)
    place = (network * tl.num_programs(1) + tl.program_id(1)) * tl.num_programs(2) + tl.program_id(2)
    tl.store(losses + place, tl.sum(loss, axis=0))


@triton.jit
def retrace(
    transposed, readout, rates, errors, deltas, keep,
    STEPS: tl.constexpr, TRIALS: tl.constexpr, WIDTH: tl.constexpr, OUTPUTS: tl.constexpr,
    UNIT: tl.constexpr, OUTPUT: tl.constexpr, TRIAL: tl.constexpr,
    RELU: tl.constexpr, LEAKY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """δ (network, step, unit, trial) of a slice of trials, from the last step to the first, with Wᵀ as it is stored."""
    network = tl.program_id(0).to(tl.int64)
    unit, source, output = tl.arange(0, UNIT), tl.arange(0, UNIT), tl.arange(0, OUTPUT)
    trial = tl.program_id(1) * TRIAL + tl.arange(0, TRIAL)
    errors += network * STEPS * OUTPUTS * TRIALS
    rates += network * (STEPS + 1) * WIDTH * TRIALS
    deltas += network * STEPS * WIDTH * TRIALS
    high, low = split(matrix(transposed + network * WIDTH * WIDTH, source, unit, WIDTH, WIDTH, WIDTH, 1))
    by_output = matrix(readout + network * OUTPUTS * WIDTH, source, output, WIDTH, OUTPUTS, 1, WIDTH)
    output_high, output_low = split(by_output)
    inside = (source < WIDTH)[:, None] & (trial < TRIALS)[None, :]
    place = source[:, None] * TRIALS + trial[None, :]
    later = tl.zeros((UNIT, TRIAL), tl.float32)
    error = matrix(errors + (STEPS - 1) * OUTPUTS * TRIALS, output, trial, OUTPUTS, TRIALS, TRIALS, 1)
    error_high, error_low = split(error)
    by_rate = product(output_high, output_low, error_high, error_low, later, PRECISION)
    rate = tl.load(rates + STEPS * WIDTH * TRIALS + place, mask=inside, other=0.0)
    for back in range(STEPS):
        step = STEPS - 1 - back
        before = tl.maximum(step - 1, 0)  # what the step before needs is read one step ahead
        earlier = tl.load(rates + (before + 1) * WIDTH * TRIALS + place, mask=inside, other=0.0)
        error = matrix(errors + before * OUTPUTS * TRIALS, output, trial, OUTPUTS, TRIALS, TRIALS, 1)
        if RELU:
            own = tl.where(rate > 0.0, by_rate, 0.0)
        else:
            own = by_rate * (1.0 - rate * rate)
        if LEAKY:
            later = keep * later + own
        else:
            later = own
        later_high, later_low = split(later)
        error_high, error_low = split(error)
        by_rate = tl.zeros((UNIT, TRIAL), tl.float32)  # of the step before
        by_rate = product(output_high, output_low, error_high, error_low, by_rate, PRECISION)
        by_rate = product(high, low, later_high, later_low, by_rate, PRECISION)
        tl.store(deltas + step * WIDTH * TRIALS + place, later, mask=inside)
        rate = earlier


@triton.jit
def add_up(
    inputs, rates, errors, deltas,
    recurrent, input_weights, bias, readout, readout_bias,
    STEPS: tl.constexpr, TRIALS: tl.constexpr, WIDTH: tl.constexpr, INPUTS: tl.constexpr, OUTPUTS: tl.constexpr,
    TILE: tl.constexpr, INPUT: tl.constexpr, OUTPUT: tl.constexpr, TRIAL: tl.constexpr, RUN: tl.constexpr,
    PRECISION: tl.constexpr,
):  # fmt: skip
    """Gradients (network, run, …) from the steps of a run, for a tile of units and a tile of their sources.

    The rates before a step are the sources of its δ, and what the errors of the step before were read out from.
    """
    # Tensor cores round sums towards zero: runs are short, and the sums over runs are made elsewhere
    network = tl.program_id(0).to(tl.int64)
    place = network * tl.num_programs(1) + tl.program_id(1)
    tiles: tl.constexpr = (WIDTH + TILE - 1) // TILE
    blocks: tl.constexpr = (TRIALS + TRIAL - 1) // TRIAL
    of_unit, of_source = tl.program_id(2) // tiles, tl.program_id(2) % tiles
    unit, source = of_unit * TILE + tl.arange(0, TILE), of_source * TILE + tl.arange(0, TILE)
    channel, output = tl.arange(0, INPUT), tl.arange(0, OUTPUT)
    inputs += network * STEPS * TRIALS * INPUTS
    errors += network * STEPS * OUTPUTS * TRIALS
    rates += network * (STEPS + 1) * WIDTH * TRIALS
    deltas += network * STEPS * WIDTH * TRIALS
    by_recurrent = tl.zeros((TILE, TILE), tl.float32)
    by_input = tl.zeros((TILE, INPUT), tl.float32)
    by_readout = tl.zeros((TILE, OUTPUT), tl.float32)
    by_constant = tl.zeros((OUTPUT,), tl.float32)
    for index in range(RUN * blocks):
        step = tl.program_id(1) * RUN + index // blocks
        trial = (index % blocks) * TRIAL + tl.arange(0, TRIAL)
        now, done = step < STEPS, (step > 0) & (step <= STEPS)
        states, answers = step * WIDTH * TRIALS, (step - 1) * OUTPUTS * TRIALS
        rate = matrix_where(step <= STEPS, rates + states, source, trial, WIDTH, TRIALS, TRIALS, 1)
        delta = matrix_where(now, deltas + states, unit, trial, WIDTH, TRIALS, TRIALS, 1)
        given = matrix_where(now, inputs + step * TRIALS * INPUTS, channel, trial, INPUTS, TRIALS, 1, INPUTS)
        given = tl.where((channel == INPUTS)[:, None], 1.0, given)  # δ is 0 where there is no trial
        error = matrix_where(done, errors + answers, output, trial, OUTPUTS, TRIALS, TRIALS, 1)
        delta_high, delta_low = split(delta)
        high, low = split(rate)
        given_high, given_low = split(given)
        error_high, error_low = split(error)
        by_recurrent = product(delta_high, delta_low, tl.trans(high), tl.trans(low), by_recurrent, PRECISION)
        by_input = product(delta_high, delta_low, tl.trans(given_high), tl.trans(given_low), by_input, PRECISION)
        by_readout = product(high, low, tl.trans(error_high), tl.trans(error_low), by_readout, PRECISION)
        by_constant += tl.sum(error, axis=1)
    store_matrix(recurrent + place * WIDTH * WIDTH, by_recurrent, unit, source, WIDTH, WIDTH, WIDTH, 1)
    if of_source == 0:
        store_matrix(input_weights + place * WIDTH * INPUTS, by_input, unit, channel, WIDTH, INPUTS, INPUTS, 1)
        of_constant = (unit < WIDTH)[:, None] & (channel == INPUTS)[None, :]
        tl.store(bias + place * WIDTH + unit[:, None] + 0 * channel[None, :], by_input, mask=of_constant)
    if of_unit == 0:
        store_matrix(readout + place * OUTPUTS * WIDTH, by_readout, source, output, WIDTH, OUTPUTS, 1, WIDTH)
        tl.store(readout_bias + place * OUTPUTS + output, by_constant, mask=output < OUTPUTS)
