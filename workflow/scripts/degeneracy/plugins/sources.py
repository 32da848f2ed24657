"""The source code that this process runs, whatever happens to its files meanwhile.

A module of this package is loaded from the text that was read to take its hash, if it was, and keeps that text.
Python's own cache of byte code goes by time, in whole seconds: after an edit and its undoing within one second it holds
the code of the edit. The byte code of this package therefore goes by the content of its source.
"""

import os
import sys
import zlib
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader

PACKAGE = os.path.dirname(os.path.dirname(__file__))
TEXTS: dict[str, bytes] = {}  # of the files that are loaded or planned, by path
_read: dict[str, bytes] = {}  # of those that are not, as last read
_loaded: set[str] = set()


def text(path) -> bytes:
    """Text of a source file: what this process runs of it, or will run."""
    path = str(path)
    if path in TEXTS:
        return TEXTS[path]
    with open(path, "rb") as file:
        _read[path] = file.read()
    return _read[path]


def fix(path) -> None:
    """Keep the text of a source file as it was last read, or as it is now."""
    path = str(path)
    if path not in TEXTS:
        TEXTS[path] = _read.get(path) or text(path)
        _read.pop(path, None)


def on_disk(path) -> bool:
    """Whether a source file still has the text that this process runs."""
    try:
        with open(path, "rb") as file:
            return file.read() == text(path)
    except OSError:
        return False


class _Loader(SourceFileLoader):
    def get_code(self, fullname):
        if self.path in _loaded:  # it is loaded again, as in a notebook
            TEXTS.pop(self.path, None)
        _loaded.add(self.path)
        fix(self.path)
        return super().get_code(fullname)

    def get_data(self, path):
        return text(path) if path == self.path else super().get_data(path)

    def path_stats(self, path):
        return {"mtime": zlib.crc32(text(path)), "size": len(text(path))}


def _finder(folder: str) -> FileFinder:
    if folder != PACKAGE and not folder.startswith(PACKAGE + os.sep):
        raise ImportError(f"{folder}: is not of this package")
    return FileFinder(folder, (_Loader, SOURCE_SUFFIXES))


def install() -> None:
    """Load what follows of this package as above. Reads what is running already: a stage script, and this package."""
    sys.path_hooks.insert(0, _finder)
    for folder in [each for each in sys.path_importer_cache if each.startswith(PACKAGE)]:
        del sys.path_importer_cache[folder]
    script = os.path.realpath(getattr(sys.modules["__main__"], "__file__", None) or "")
    if os.path.dirname(script) == os.path.realpath(os.path.dirname(PACKAGE)):
        fix(script)
    for module in [each for name, each in sys.modules.items() if name.partition(".")[0] == __name__.partition(".")[0]]:
        if module.__file__:
            fix(module.__file__)
