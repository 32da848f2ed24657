"""The paper's claims one by one: what it says, what we find in each sweep, and whether that answers the claim."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from degeneracy.drawing.words import minus
from degeneracy.report import rows as table
from degeneracy.report.rows import Row, number
from degeneracy.statistics.paper import PAPER_ARROWS, UNCLEAR, UP

HOLDS, OPPOSITE, NOT_ANSWERED = "holds", "opposite", "not answered"
POWER = 2.80  # quantiles of the normal distribution for 80% power and a 95% interval, added
RISING = {
    "complexity": "tasks become more complex",
    "feature learning": "feature learning becomes stronger",
    "width": "networks become wider",
    "regularisation": "weights are regularised more",
}


class Answer(NamedTuple):
    """One row of the table of directions as an answer to a claim."""

    row: Row
    verdict: str
    why: str


class Claim(NamedTuple):
    """An arrow of the paper's table: of a factor and an aspect, with what each sweep and measure says of it."""

    factor: str
    aspect: str
    arrow: str
    answers: list[Answer]

    @property
    def sentence(self) -> str:
        more = "more" if self.arrow == UP else "less"
        return f"As {RISING[self.factor]}, networks differ {more} in {self.aspect}"

    @property
    def summary(self) -> str:
        """How many answers there are of each kind."""
        return counted(self.answers) if self.answers else f"{NOT_ANSWERED}: no sweep of this study varies it"


def counted(answers: Sequence[Answer]) -> str:
    """`holds in 1, opposite in 0, not answered in 5 of 6 comparisons (of these …)`."""
    verdicts = Counter(answer.verdict for answer in answers)
    text = ", ".join(f"{verdict} in {verdicts[verdict]}" for verdict in (HOLDS, OPPOSITE, NOT_ANSWERED))
    sides = Counter(answer.row["agreement"] for answer in answers if answer.verdict == NOT_ANSWERED)
    alone = f" (by their interval alone, {sides['agrees']} of these agree and {sides['disagrees']} disagree)"
    return f"{text} of {len(answers)} comparisons{alone if sides['agrees'] + sides['disagrees'] else ''}"


def claims(rows: list[Row], power: Sequence[Row] = ()) -> list[Claim]:
    """All arrows of the paper's table, in its order, with what the rows say of them, and the table of power why not."""
    known = {(row["sweep"], row["metric"], row["measure"]): row for row in power}
    found = table.compared(rows)
    return [
        Claim(factor, aspect, arrow, [answer(row, known) for row in found if _about(row) == (factor, aspect)])
        for factor, arrows in PAPER_ARROWS.items()
        for aspect, arrow in arrows.items()
    ]


def _about(row: Row) -> tuple[str, str]:
    return row["paper_factor"], row["metric_level"]


def answer(row: Row, power: dict[tuple[str, str, str], Row]) -> Answer:
    """What a row says of the paper's arrow. Only a robust arrow answers; what holds it back is said in words."""
    agrees = row["agreement"] == "agrees"
    if table.state(row) == "robust":
        return Answer(row, HOLDS if agrees else OPPOSITE, "robust")
    if row["arrow"] != UNCLEAR:
        side = "agrees with the paper" if agrees else "disagrees with the paper"
        return Answer(
            row, NOT_ANSWERED, f"the interval {side}, but: {row.get('doubts') or 'robustness was not tested'}"
        )
    return Answer(row, NOT_ANSWERED, _obstacle(row, power.get((row["sweep"], row["metric"], row["measure"]))))


def _obstacle(row: Row, power: Row | None) -> str:
    """Why there is no arrow."""
    remarks = row.get("remark", "").split("; ")
    told = [
        one for one in remarks if one.startswith(("not resolved", "no arrow", "a single", "levels without", "a level"))
    ]
    if told:
        return minus("; ".join(told))
    kind = "percent" if row["percent_low"] else "trend"
    low, high = (number(row, f"{kind}_{end}") for end in ("low", "high"))
    if low != low:
        return "no interval"
    if low <= 0 <= high:
        return "the interval contains 0" + (f"; {_seen(power, row['paper_arrow'])}" if power else "")
    return f"the permutation test does not see the change (p = {number(row, 'trend_permutation_p'):.2g})"


def _seen(power: Row, arrow: str) -> str:
    """The smallest change of the paper's direction that the networks of a row show in 80% of studies."""
    rise = arrow == UP
    change = 100 * abs(math.expm1((1 if rise else -1) * POWER * number(power, "sd_log_ratio")))
    kind = "rise" if rise else "fall"
    return f"{number(power, 'n_used'):.0f} networks a level show a {kind} by {change:.0f}% or more"
