"""The seeds of a network: that of its initialisation, and those of its data."""

from typing import NamedTuple


class Seeds(NamedTuple):
    """Seeds of a network.

    initialisation  of its parameters before training, and of which recurrent weights exist
    data            of its minibatches, and of its private noise in training
    training_set    which set of training trials it learns from
    """

    initialisation: int
    data: int
    training_set: int


def seeds_of(seed: int, options: dict) -> Seeds:
    """The seeds of network `seed`: twice its own, and set 0; or, with `data_seeds` D, seed // D, seed % D and that set.

    So networks 0 to I · D − 1 cross I initialisations with D sets of training trials, each in an order of its own.
    """
    if not options["data_seeds"]:
        return Seeds(seed, seed, 0)
    initialisation, data = divmod(seed, options["data_seeds"])
    return Seeds(initialisation, data, data)
