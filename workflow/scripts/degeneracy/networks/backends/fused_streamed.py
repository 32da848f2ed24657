"""The passes of `fused_kernels.py` for any width: they read W and the states again at each step, from the caches."""

import triton
import triton.language as tl

from degeneracy.networks.backends.fused_parts import driving, matrix, product, split, tanh, weights_with_bias


@triton.jit
def advance_streamed(
    inputs, recurrent, input_weights, bias, rates, currents, keep,
    STEPS: tl.constexpr, TRIALS: tl.constexpr, WIDTH: tl.constexpr, INPUTS: tl.constexpr,
    TILE: tl.constexpr, SPAN: tl.constexpr, INPUT: tl.constexpr, TRIAL: tl.constexpr,
    RELU: tl.constexpr, LEAKY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """What `advance` writes, for any width: tile by tile of units, each a sum over spans of their sources.

    The first rates are zeros that are there already, and so are the currents (network, unit, trial) of a leaky cell.
    """
    network = tl.program_id(0).to(tl.int64)
    channel = tl.arange(0, INPUT)
    trial = tl.program_id(1) * TRIAL + tl.arange(0, TRIAL)
    inputs += network * STEPS * TRIALS * INPUTS
    rates += network * (STEPS + 1) * WIDTH * TRIALS
    currents += network * WIDTH * TRIALS
    recurrent += network * WIDTH * WIDTH
    input_weights += network * WIDTH * INPUTS
    bias += network * WIDTH
    for step in range(STEPS):
        before = rates + step * WIDTH * TRIALS
        given = driving(inputs + step * TRIALS * INPUTS, channel, trial, INPUTS, TRIALS)
        given_high, given_low = split(given)
        for first in range(0, WIDTH, TILE):
            unit = first + tl.arange(0, TILE)
            inside = (unit < WIDTH)[:, None] & (trial < TRIALS)[None, :]
            place = unit[:, None] * TRIALS + trial[None, :]
            by_input = weights_with_bias(input_weights, bias, unit, channel, WIDTH, INPUTS)
            input_high, input_low = split(by_input)
            current = tl.zeros((TILE, TRIAL), tl.float32)
            if LEAKY:
                current = keep * tl.load(currents + place, mask=inside, other=0.0)
            current = product(input_high, input_low, given_high, given_low, current, PRECISION)
            for begin in range(0, WIDTH, SPAN):
                source = begin + tl.arange(0, SPAN)
                high, low = split(matrix(recurrent, unit, source, WIDTH, WIDTH, WIDTH, 1))
                rate_high, rate_low = split(matrix(before, source, trial, WIDTH, TRIALS, TRIALS, 1))
                part = tl.zeros((TILE, TRIAL), tl.float32)  # see `add_up`
                current += product(high, low, rate_high, rate_low, part, PRECISION)
            if LEAKY:
                tl.store(currents + place, current, mask=inside)
            if RELU:
                rate = tl.where(current < 0.0, 0.0, current)
            else:
                rate = tanh(current)
            tl.store(before + WIDTH * TRIALS + place, rate, mask=inside)
        tl.debug_barrier()  # all rates of a step are written before the next reads them


@triton.jit
def retrace_streamed(
    transposed, readout, rates, errors, deltas, keep,
    STEPS: tl.constexpr, TRIALS: tl.constexpr, WIDTH: tl.constexpr, OUTPUTS: tl.constexpr,
    TILE: tl.constexpr, SPAN: tl.constexpr, OUTPUT: tl.constexpr, TRIAL: tl.constexpr,
    RELU: tl.constexpr, LEAKY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """What `retrace` writes, for any width."""
    network = tl.program_id(0).to(tl.int64)
    output = tl.arange(0, OUTPUT)
    trial = tl.program_id(1) * TRIAL + tl.arange(0, TRIAL)
    errors += network * STEPS * OUTPUTS * TRIALS
    rates += network * (STEPS + 1) * WIDTH * TRIALS
    deltas += network * STEPS * WIDTH * TRIALS
    transposed += network * WIDTH * WIDTH
    readout += network * OUTPUTS * WIDTH
    for back in range(STEPS):
        step = STEPS - 1 - back
        after = deltas + (step + 1) * WIDTH * TRIALS
        followed = (trial < TRIALS) & (back > 0)  # there is no δ after the last step
        error = matrix(errors + step * OUTPUTS * TRIALS, output, trial, OUTPUTS, TRIALS, TRIALS, 1)
        error_high, error_low = split(error)
        for first in range(0, WIDTH, TILE):
            source = first + tl.arange(0, TILE)
            by_output = matrix(readout, source, output, WIDTH, OUTPUTS, 1, WIDTH)
            output_high, output_low = split(by_output)
            by_rate = tl.zeros((TILE, TRIAL), tl.float32)
            by_rate = product(output_high, output_low, error_high, error_low, by_rate, PRECISION)
            for begin in range(0, WIDTH, SPAN):
                unit = begin + tl.arange(0, SPAN)
                high, low = split(matrix(transposed, source, unit, WIDTH, WIDTH, WIDTH, 1))
                known = (unit < WIDTH)[:, None] & followed[None, :]
                later = tl.load(after + unit[:, None] * TRIALS + trial[None, :], mask=known, other=0.0)
                later_high, later_low = split(later)
                part = tl.zeros((TILE, TRIAL), tl.float32)  # see `add_up`
                by_rate += product(high, low, later_high, later_low, part, PRECISION)
            inside = (source < WIDTH)[:, None] & (trial < TRIALS)[None, :]
            place = source[:, None] * TRIALS + trial[None, :]
            rate = tl.load(rates + (step + 1) * WIDTH * TRIALS + place, mask=inside, other=0.0)
            if RELU:
                own = tl.where(rate > 0.0, by_rate, 0.0)
            else:
                own = by_rate * (1.0 - rate * rate)
            if LEAKY:
                known = (source < WIDTH)[:, None] & followed[None, :]
                own += keep * tl.load(after + place, mask=known, other=0.0)
            tl.store(deltas + step * WIDTH * TRIALS + place, own, mask=inside)
        tl.debug_barrier()  # all δ of a step are written before the one before reads them
