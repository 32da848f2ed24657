"""Files that are there whole or not at all."""

import csv
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from degeneracy.artifacts import LOCKING
from degeneracy.errors import WriteError


@contextmanager
def whole(path) -> Iterator[Path]:
    """A file of another name to write to, in the same folder, that takes the place of `path` if all goes well.

    Raises WriteError with one sentence that says why it could not be written and how much room its disk has.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.uname().nodename}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:  # the latter is what netCDF raises on a full disk
        reason = f"{_reason(error, temporary)}; {room(path)}"
        raise WriteError(f"{path}: cannot be written ({reason}); mend that and run snakemake again") from error
    finally:
        with suppress(OSError):
            os.truncate(temporary, 0)  # netCDF may hold it open, and a full disk needs room for the log
            temporary.unlink()


def write_table(path, columns: Sequence[str], rows: Iterable[Mapping]) -> None:
    """Write rows as comma-separated values, whole or not at all; a column that a row lacks stays empty."""
    with whole(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _reason(error: Exception, temporary: Path) -> str:
    """Why a file could not be written. netCDF calls most faults "Permission denied"; the system tells them apart."""
    if temporary.parent.is_dir():
        try:
            with open(temporary, "ab") as file:
                file.write(bytes(4096))
                if lock := _lock_fault(file, writes=True):
                    return lock
        except OSError as told:
            return os.strerror(told.errno or 0)
    return getattr(error, "strerror", None) or str(error)


def room(path: Path) -> str:
    """How much room is left on the disk that a file is or would be on."""
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    return f"{shutil.disk_usage(folder).free / 1e6:.1f} MB are free there"


def obstacle(path, entirely: bool = False) -> str:
    """What keeps a file from being read, whatever it holds: permission, a lock, or a faulty disk; "" if nothing does.

    `entirely` reads it to its end.
    """
    try:
        with open(path, "rb") as file:
            if lock := _lock_fault(file):
                return lock
            while entirely and file.read(2**20):
                pass
    except OSError as error:
        return f"cannot be read ({error.strerror}; the file may be sound); mend that and run snakemake again"
    return ""


def _lock_fault(file, writes: bool = False) -> str:
    """What is wrong with the lock that HDF5 takes on a file, or would take; a writer (`writes`) has it for itself."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return "" if writes else "another program has it open for writing; close it there and run again"
    except OSError:
        if os.environ.get(LOCKING) not in ("FALSE", "0"):
            return f"its disk has no file locks; set {LOCKING}=FALSE before Python starts"
    return ""
