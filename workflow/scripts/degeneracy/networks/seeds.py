"""The two seeds of a network: that of its initialisation, and that of the order of its training trials."""

from typing import NamedTuple


class Seeds(NamedTuple):
    """Seeds of a network.

    initialisation  of its parameters before training, and of which recurrent weights exist
    data            of its minibatches, and of its private noise in training
    """

    initialisation: int
    data: int


def seeds_of(seed: int, options: dict) -> Seeds:
    """The seeds of network `seed`: twice its own or, with `data_seeds` D, seed // D and seed % D.

    So networks 0 to I · D − 1 cross I initialisations with D orders of the trials.
    """
    count = options["data_seeds"]
    return Seeds(*divmod(seed, count)) if count else Seeds(seed, seed)
