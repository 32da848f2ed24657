"""One training step of a tanh network in JAX, on one thread: jit, a scan over time, clipping, Adam."""

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp


def make(parameters: dict, inputs, targets, learning_rate: float, clip: float):
    """A function that takes one step on inputs and targets (time, trial, channel) and returns the gradient of W_h."""
    inputs, targets = jnp.asarray(inputs), jnp.asarray(targets)
    weights = {name: jnp.asarray(value, jnp.float32) for name, value in parameters.items()}
    state = [weights, jax.tree.map(jnp.zeros_like, weights), jax.tree.map(jnp.zeros_like, weights), jnp.zeros(())]

    def error(weights):
        drive = inputs @ weights["input_weights"].T + weights["bias"]

        def advance(state, now):
            state = jnp.tanh(state @ weights["recurrent_weights"].T + now)
            return state, state

        start = jnp.zeros((inputs.shape[1], len(weights["bias"])))
        states = jax.lax.scan(advance, start, drive)[1]
        outputs = states @ weights["readout_weights"].T + weights["readout_bias"]
        return jnp.mean((outputs - targets) ** 2)

    @jax.jit
    def step(weights, mean, square, count):
        gradient = jax.grad(error)(weights)
        norm = jnp.sqrt(sum(jnp.sum(value**2) for value in jax.tree.leaves(gradient)))
        clipped = jax.tree.map(lambda value: value * jnp.minimum(1, clip / norm), gradient)
        count = count + 1
        mean = jax.tree.map(lambda old, new: 0.9 * old + 0.1 * new, mean, clipped)
        square = jax.tree.map(lambda old, new: 0.999 * old + 0.001 * new**2, square, clipped)
        bias, bias_square = 1 - 0.9**count, 1 - 0.999**count
        moved = jax.tree.map(
            lambda value, m, v: value - learning_rate * (m / bias) / (jnp.sqrt(v / bias_square) + 1e-8),
            weights,
            mean,
            square,
        )
        return moved, mean, square, count, gradient["recurrent_weights"]

    def one():
        *state[:], gradient = step(*state)
        return gradient.block_until_ready()

    return one
