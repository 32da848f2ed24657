"""How a direction is shown: a robust arrow in colour, an arrow of its interval only hollow, and no arrow as a tilde."""

from degeneracy.drawing import style
from degeneracy.drawing.words import ARROWS, change

HOLLOW = {"up": "⇧", "down": "⇩"}
COLOURS = {"robust": style.BLUE, "interval only": "0.4", "unclear": "black", "not resolved": "black"}


def state(row) -> str:
    """What is known of a row of the table of directions: robust, interval only, unclear, or not resolved."""
    if row.robust:
        return "robust"
    return "interval only" if row.arrow != "unclear" else "unclear" if row.resolved else "not resolved"


def sign(row) -> str:
    return HOLLOW[row.arrow] if state(row) == "interval only" else ARROWS[row.arrow]


def headline(row) -> str:
    """What is seen, for the title of a panel: `↑ +12% [9, 15]`, or that no change is clear; "" at a single level."""
    if row.trend != row.trend:
        return ""
    known = state(row)
    if row.arrow == "unclear":
        return "~ no clear change" if known == "unclear" else f"~ {known}"
    return f"{sign(row)} {change(row._asdict())}"


def evidence(row) -> str:
    """What an arrow was tried on: its variants and the halves of the seeds."""
    if not row.variants:
        return "no change known"
    agreeing = round(row.sign_agreement * row.variants)
    return f"sign in {agreeing}/{row.variants} variants, halves: {row.halves_agree}"
