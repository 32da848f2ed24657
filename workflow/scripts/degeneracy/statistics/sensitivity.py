"""Whether an arrow holds beyond its own settings and its own networks.

An arrow, which only a resolved row has, is `robust` if all of this holds; otherwise it stands for its interval only:

- its p-value, adjusted for multiple tests (Holm), is at most 1 − confidence, so it is one of the compared rows;
- its change has the same sign in at least SAME_SIGN of the variants, of which there are at least LEAST_VARIANTS;
- it has this sign in the networks of even seeds and in those of odd seeds, at least LEAST_IN_HALF of each at a level.

The variants of an arrow are the rows of its sweep for the same metric, for its variants by name, and for the metrics
that say in their file that they are its variants, under every measure of each, and each once more between probe and
replicate trials. The mean of a value is no spread, and is
compared with means. Variants with the same change count once: where all networks have n units, a distance and the same
over n² are one.
"""

import numpy as np

from degeneracy.statistics.paper import UNCLEAR
from degeneracy.statistics.spreads import SPREADS

SAME_SIGN = 0.9
LEAST_VARIANTS = 3
LEAST_IN_HALF = 4  # networks
FUNCTIONS = ("angular",)  # measures that are a function of another, pair by pair, and no variants of it
DIGITS = 9  # to which equal changes agree


def change(row: dict) -> float:
    """The change that an arrow tells the sign of: in percent or, where there is no ratio, in units of the measure."""
    return row["percent"] if not np.isnan(row["percent_low"]) else row["trend"]


def family(row: dict, rows: list[dict]) -> list[dict]:
    """The rows that are variants of an arrow, itself first."""

    def key(one: dict) -> tuple:
        spread = SPREADS.get(one["measure"])
        return one["sweep"], one["variant_of"] or one["metric"], spread is not None and spread.location

    return [row] + [
        one
        for one in rows
        if one is not row and key(one) == key(row) and one["measure"] not in FUNCTIONS and not np.isnan(change(one))
    ]


def sign_agreement(row: dict, rows: list[dict]) -> tuple[int, float]:
    """Number of variants of a change, and the share of them that has its sign; 0 and NaN where there is no change."""
    if np.isnan(change(row)):
        return 0, np.nan
    found = [value for one in family(row, rows) for value in (change(one), one["percent_replicate"])]
    changes = {float(f"{value:.{DIGITS}g}") for value in found if not np.isnan(value)}
    return len(changes), float(np.mean([np.sign(one) == np.sign(change(row)) for one in changes]))


def halves_agree(row: dict, halves: tuple[float, float], networks: int) -> str:
    """Whether both halves of the networks have the sign of a change, from theirs and the fewest networks in a half."""
    if networks < LEAST_IN_HALF or not np.isfinite(halves).all():
        return "not judged"
    return "yes" if np.all(np.sign(halves) == np.sign(change(row))) else "no"


def doubts(row: dict, alpha: float) -> str:
    """What keeps an arrow from being robust, in words; "" for a robust arrow and where there is no arrow."""
    if row["arrow"] == UNCLEAR:
        return ""
    agreeing = round(row["sign_agreement"] * row["variants"])
    found = {
        "not tested with the compared rows": np.isnan(row["holm_p"]),
        f"adjusted p above {alpha:.2g}": row["holm_p"] > alpha,
        f"fewer than {LEAST_VARIANTS} variants": row["variants"] < LEAST_VARIANTS,
        f"this sign in {agreeing} of {row['variants']} variants": row["sign_agreement"] < SAME_SIGN,
        "not in both halves of the seeds": row["halves_agree"] == "no",
        f"fewer than {LEAST_IN_HALF} networks in a half of the seeds": row["halves_agree"] == "not judged",
    }
    return "; ".join(doubt for doubt, holds in found.items() if holds)
