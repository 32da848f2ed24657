"""What the stage scripts share: one sentence on bad input, a clock, JSON arguments."""

import argparse
import json
import signal
import sys
import time
import traceback
from collections.abc import Callable


def parser(description: str) -> argparse.ArgumentParser:
    """Argument parser that shows the defaults."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)


def json_object(text: str) -> dict:
    """Parse a command-line argument that holds a JSON object."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"must be a JSON object, given {text}")
    return value


def run(main: Callable[[], None]) -> None:
    """Run a script's main function; bad input ends it with exit status 1 and one sentence as the last line.

    SIGTERM, which a scheduler sends before it kills, ends it as an exception would: nothing half-written is left.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        main()
    except (ValueError, OSError) as error:
        traceback.print_exc()
        sys.exit(f"error: {error}")


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self):
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start
