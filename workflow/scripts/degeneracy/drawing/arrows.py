"""How a direction is shown: a robust arrow in colour, an arrow of its interval only hollow, and no arrow as a tilde."""

from degeneracy.drawing import style

ARROWS = {"up": "↑", "down": "↓", "unclear": "~"}
HOLLOW = {"up": "⇧", "down": "⇩"}
COLOURS = {"robust": style.BLUE, "interval only": style.GREY, "unclear": "black"}


def state(row) -> str:
    """What is known of a row of the table of directions: robust, interval only, or unclear."""
    return "robust" if row.robust else "unclear" if row.arrow == "unclear" else "interval only"


def sign(row) -> str:
    return HOLLOW[row.arrow] if state(row) == "interval only" else ARROWS[row.arrow]


def evidence(row) -> str:
    """What an arrow was tried on: its variants and the halves of the seeds."""
    if not row.variants:
        return "no change known"
    agreeing = round(row.sign_agreement * row.variants)
    return f"sign in {agreeing}/{row.variants} variants, halves: {row.halves_agree}"
