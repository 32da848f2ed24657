"""What the stage scripts share: a quick start, how they end on an error, a clock, JSON arguments."""

import argparse
import gc
import json
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from degeneracy.errors import UserError
from degeneracy.plugins.discovery import KINDS, PACKAGE

# Searching libraries for garbage, while they load and once more at exit, takes a third of the time that a short job
# needs. A stage script therefore searches only what is made after its imports.
if Path(sys.argv[0]).resolve().parent == PACKAGE.parent:
    gc.disable()


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
    """Run a script's main function; an error ends it with exit status 1 and one sentence as the last line.

    For a UserError that is all. Any other error is a fault of the code, and its traceback comes first.
    SIGTERM, which a scheduler sends before it kills, ends it as an exception would: nothing half-written is left.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    gc.freeze()
    gc.enable()
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {_on_one_line(error)}")
    except Exception as error:
        traceback.print_exc()
        sys.exit(f"error: {_place_of(error)}: {type(error).__name__}: {_on_one_line(error)}")
    finally:
        gc.freeze()


def _on_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _place_of(error: Exception) -> str:
    """File and line in which an error arose: those of the plug-in if one was running, else the last of this project."""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [(path, line) for path, line in frames if path.is_relative_to(PACKAGE.parent)]
    of_plugins = [(path, line) for path, line in ours if path.parent.name in KINDS]
    path, line = (of_plugins or ours or frames)[-1]
    return f"{path}, line {line}"


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self):
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start
