"""Compiled code for what a training step on the CPU does besides the gradient, where calls of torch take longer than
their arithmetic."""

import math

import numpy as np

from degeneracy.compilation import compiled

FLOAT = np.float32
ONE = FLOAT(1)


@compiled()
def gather(order, at, data, batch):
    """Fill inputs, targets and mask (network, time, trial, …) of step `at` with those of trials (trial, time, …)."""
    (inputs, targets, mask), (given, wanted, counted) = data, batch
    networks, steps, trials = counted.shape
    for network in range(networks):
        for trial in range(trials):
            source = order[at[0], network, trial]
            for step in range(steps):
                for channel in range(inputs.shape[2]):
                    given[network, step, trial, channel] = inputs[source, step, channel]
                for channel in range(targets.shape[2]):
                    wanted[network, step, trial, channel] = targets[source, step, channel]
                counted[network, step, trial] = mask[source, step]


# Sums may be reordered and products fused, but NaN and infinity are kept: a diverged network must show.
@compiled(fastmath={"contract", "reassoc", "arcp", "nsz"}, error_model="numpy")
def adam(parameters, gradient, mean, square, rates, epsilon, steps, clip, beta, beta_square):
    """One step of Adam for networks (network, parameter) with learning rates (network, 1), after clipping, in place."""
    steps[()] += 1
    bias, bias_square = FLOAT(1 - beta ** steps[()]), FLOAT(1 - beta_square ** steps[()])
    old, new, old_square, new_square = FLOAT(beta), FLOAT(1 - beta), FLOAT(beta_square), FLOAT(1 - beta_square)
    for network in range(len(parameters)):
        total = FLOAT(0)
        for i in range(gradient.shape[1]):
            total += gradient[network, i] * gradient[network, i]
        norm = FLOAT(math.sqrt(total))
        scale = ONE if norm <= clip else FLOAT(clip) / norm
        rate = rates[network, 0] / bias
        for i in range(gradient.shape[1]):
            clipped = scale * gradient[network, i]
            mean[network, i] = old * mean[network, i] + new * clipped
            square[network, i] = old_square * square[network, i] + new_square * clipped * clipped
            spread = np.sqrt(square[network, i] / bias_square) + epsilon[i]
            parameters[network, i] -= rate * mean[network, i] / spread
