"""Results and the records of how each of them was made, which the workflow engine keeps in files of its own.

Records get lost: scratch disks are purged, and results are copied without them. A result that has no record is made
again by a job that first asks the artifact itself (`store.reuse`). The engine removes a result before its job starts,
so the artifacts that a run will make again are kept under a second name until then.
"""

import os
import shutil
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from degeneracy.experiment import paths

RECORDS = Path(".snakemake", "metadata")


def unrecorded(results: Iterable[str]) -> set[str]:
    """Those of some results that are there without a record."""
    longest = os.pathconf(RECORDS, "PC_NAME_MAX") - 1 if RECORDS.is_dir() else 0
    return {path for path in results if os.path.exists(path) and not (longest and _is_whole(_record(path, longest)))}


def _record(path: str, longest: int) -> str:
    """Where the record of a result lies: its path in base64, cut into names of folders if it is long."""
    name = urlsafe_b64encode(path.encode()).decode()
    parts = [name[start : start + longest] for start in range(0, len(name), longest)]
    return os.path.join(RECORDS, *(f"@{part}" for part in parts[:-1]), parts[-1])


def _is_whole(record: str) -> bool:
    """Whether a record is there and ends as JSON does."""
    try:
        with open(record, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() == b"}"
    except OSError:
        return False


def keep(results: Iterable[str]) -> None:
    """Give the artifacts among some results a second name, so that their removal does not lose them.

    What an earlier run kept stays where there is nothing newer: its job has failed.
    """
    for path in results:
        if path.endswith(".nc") and os.path.exists(path):
            with suppress(OSError):  # no room: then it is computed again
                kept = paths.kept(path)
                kept.unlink(missing_ok=True)
                try:
                    os.link(path, kept)
                except OSError:  # a file system on which a file has one name
                    shutil.copy2(path, kept)
