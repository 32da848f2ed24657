"""The private noise of recurrent units in training."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor


def draw(noise: Tensor, seeds: Iterable[int], epoch: int, step: int) -> None:
    """Fill noise (network, time, trial, unit) of SD 1, which depends on a network's seed, the epoch and the step alone.

    So a training resumes with the noise that it would have had, and a network has its own in any block.
    """
    generator = torch.Generator(noise.device)
    for seed, own in zip(seeds, noise, strict=True):
        words = np.random.SeedSequence(seed, spawn_key=(4, epoch, step)).generate_state(1, np.uint64)
        own.normal_(generator=generator.manual_seed(int(words[0])))
