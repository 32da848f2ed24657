"""Files that are there whole or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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
        reason = getattr(error, "strerror", None) or str(error)
        raise WriteError(
            f"{path}: cannot be written ({reason}; {room(path)}); mend that and run snakemake again"
        ) from error
    finally:
        with suppress(OSError):
            os.truncate(temporary, 0)  # netCDF may hold it open, and a full disk needs room for the log
            temporary.unlink()


def room(path: Path) -> str:
    """How much room is left on the disk that a file is or would be on."""
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    return f"{shutil.disk_usage(folder).free / 1e6:.1f} MB are free there"


def locked(path) -> bool:
    """Whether a program holds the lock that HDF5 takes on a file it writes to."""
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a file system without locks
            return False
    return False
