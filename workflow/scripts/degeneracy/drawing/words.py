"""Numbers and changes in words, as figures and pages show them. Standard library only."""

from math import isfinite

ARROWS = {"up": "↑", "down": "↓", "unclear": "~"}
MOST = 9999  # percent that are written out; an interval beyond says nothing


def minus(text: str) -> str:
    """A text with true minus signs for its numbers."""
    return text.replace("-", "−")


def level_name(level) -> str:
    """A level in words: `0.5`, `1` for 1.0, `low rank`."""
    return f"{level:g}" if isinstance(level, float) else str(level).replace("_", " ")


def signed(value: float) -> str:
    """Three significant digits with the sign: `+1730`, `−0.0600`; with an exponent from 1e5 and below 1e-4."""
    exponent = int(f"{value:.2e}".partition("e")[2])
    if not -4 <= exponent < 5:
        return minus(f"{value:+.2e}")
    return minus(f"{round(value, 2 - exponent):+.{max(2 - exponent, 0)}f}")


def change(data, unit: str = "") -> str:
    """`+12% [5, 20]`; in units of the measure where there is no ratio of the levels; "" without an interval.

    `data` has a trend and a change in percent, each with its interval: a row of the table of directions, or a
    statistics artifact with its measure chosen. A `unit` stands behind a change in units of the measure.
    """
    percent, low, high = (float(data[name]) for name in ("percent", "percent_low", "percent_high"))
    if isfinite(low):
        digits = 0 if max(abs(low), abs(high)) >= 10 else 1
        end = _rounded(high, f".{digits}f") if high < MOST else f"> {MOST}"
        return minus(f"{_rounded(percent, f'+.{digits}f')}% [{_rounded(low, f'.{digits}f')}, {end}]")
    trend, low, high = (float(data[name]) for name in ("trend", "trend_low", "trend_high"))
    return f"{signed(trend)}{unit} [{signed(low)}, {signed(high)}]" if isfinite(low) else ""


def _rounded(value: float, form: str) -> str:
    """A number in a form, with a digit more where it is not 0 and would look as if it were."""
    text = f"{value:{form}}"
    return f"{value:{form.replace('.0', '.1')}}" if value and float(text) == 0 else text
