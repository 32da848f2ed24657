"""What the stage scripts share: a quick start, one sentence on bad input, a clock, JSON arguments."""

import argparse
import gc
import json
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

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
    """Run a script's main function; what stops it ends it with exit status 1 and one sentence as the last line.

    SIGTERM, which a scheduler sends before it kills, ends it as an exception would: nothing half-written is left.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    gc.freeze()
    gc.enable()
    try:
        main()
    except Exception as error:
        traceback.print_exc()
        sys.exit(f"error: {sentence(error)}")
    finally:
        gc.freeze()


def sentence(error: Exception) -> str:
    """What stopped a script, on one line.

    A ValueError or OSError that this project raises is such a sentence. To anything else the file and the line come
    first where it arose: those of a unit if one was running.
    """
    said = " ".join(str(error).split())
    frames = [(Path(frame.filename), frame) for frame in traceback.extract_tb(error.__traceback__)]
    own = [(path, frame) for path, frame in frames if path.is_relative_to(PACKAGE.parent)]
    running = [(path, frame) for path, frame in own if path.parent.name in KINDS]
    if isinstance(error, ValueError | OSError) and (
        frames[-1][1].line.startswith("raise ") and own[-1:] == frames[-1:]
    ):
        return said  # in words of this project
    if isinstance(error, OSError) and not running:
        return said  # in those of the system, which name the file
    path, frame = (running or own or frames)[-1]
    kind = "there is no key" if isinstance(error, KeyError) else f"{type(error).__name__}:"
    return f"{path}, line {frame.lineno}: {kind} {said} in `{frame.line}`; mend that line or what it is given"


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self):
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start
