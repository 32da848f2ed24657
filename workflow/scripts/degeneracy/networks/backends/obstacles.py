"""Why code for cells of rates does not train a cell."""


def not_of_rates(cell, activations, code: str) -> str:
    """Why `code`, which has cells of rates with some activations, does not train a cell; "" if it does."""
    if getattr(cell, "keep", None) is not None and cell.activation in activations:
        return ""
    return f"{code} has cells of rates alone, with the activations {' and '.join(activations)}"
