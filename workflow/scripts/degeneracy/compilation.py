"""Compiled functions, with a cache on disk that saves time and never stops a run."""

from collections.abc import Callable
from contextlib import suppress

from numba import njit
from numba.core.caching import FunctionCache


class _Cache(FunctionCache):
    """Numba's cache, except that a damaged or unreadable entry is compiled again, and a full disk is done without."""

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever unpickling half a file, or bytes that are none of it, raises
            with suppress(OSError):
                self.flush()  # or saving would fail on the same index
            return None

    def save_overload(self, sig, data):
        with suppress(OSError):
            super().save_overload(sig, data)


def compiled(**options) -> Callable:
    """Decorator: compile a function at its first call, with options of `numba.njit`, and cache it if possible."""

    def decorate(function: Callable):
        dispatcher = njit(**options)(function)
        with suppress(RuntimeError, OSError):  # neither the folder of its file nor the user's cache can be written to
            dispatcher._cache = _Cache(function)  # what `cache=True` does with Numba's
        return dispatcher

    return decorate
