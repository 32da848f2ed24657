"""Two halves of a group of trials without a sequence of inputs in common."""

import numpy as np


def split_distinct(inputs: np.ndarray) -> tuple[list[int], list[int]]:
    """Indices of two halves of trials (trial, time, input), such that copies, trials of the same inputs, stay together.

    Every other trial where all differ. Else, of each two different trials that follow one another, the one with more
    copies goes to the half with fewer trials so far. They follow one another as they were drawn, or sorted by their
    inputs where most have copies, so that there are hardly others (the frequencies of the sine): few trials dealt at
    random would make halves as different as networks are, and many dealt in order halves more alike than samples are.
    """
    flat = inputs.reshape(len(inputs), -1)
    _, first, copy, count = np.unique(flat, axis=0, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first) if np.median(count) == 1 else np.arange(len(count))
    copies = [np.flatnonzero(copy.ravel() == index).tolist() for index in order]
    halves = [], []
    for place in range(0, len(copies), 2):
        neighbours = sorted(copies[place : place + 2], key=len, reverse=True)
        for half, alike in zip(sorted(halves, key=len), neighbours, strict=False):
            half += alike
    return sorted(halves[0]), sorted(halves[1])
