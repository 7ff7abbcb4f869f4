"""The data folder: made, tried, held by one process of a role, and written so that a file is whole or absent.

Everything here touches the disk and blocks; running code calls it in a thread.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock
from filelock import Timeout as HeldElsewhere

from bot.errors import AlreadyRunning, DiskFull, StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_IN_THE_WAY = (errno.ENOTDIR, errno.EEXIST, errno.EISDIR)

# Below this many bytes a database cannot even tidy up after itself.
LEAST_FREE = 32 * 1024 * 1024


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Errors of the file system about this path, inside the block, leave it as StorageError."""
    try:
        yield
    except OSError as error:
        raise _as_storage_error(error, path) from error


def _as_storage_error(error: OSError, path: Path) -> StorageError:
    if error.errno in _FULL:
        return DiskFull(f"There is no room left for {path}. Free some space on its disk; what was stored is safe.")
    if error.errno in _FORBIDDEN:
        return StorageError(f"{path} cannot be written by this user. Change its permissions, or set DATA_FOLDER.")
    if error.errno in _IN_THE_WAY:
        return StorageError(
            f"{path} cannot be made: something else of that name stands there. Move it, or set DATA_FOLDER."
        )
    return StorageError(f"{path} cannot be used: {error.strerror}. Check the disk, or set DATA_FOLDER.")


def prepare(folder: Path) -> None:
    """Make the folder (readable by its owner only) where it is missing, and try that it can be written.

    Raises:
        DiskFull: less than 32 MiB is free.
        StorageError: it cannot be made or written; the text says why and what to do.
    """
    with file_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".try-"):
            free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        raise DiskFull(f"{folder} has {free // 2**20} MiB left on its disk, and 32 are needed. Free some space.")


def try_writing(file: Path) -> None:
    """Try that a file that is there can be written. SQLite would open it all the same, and fail at the first write.

    Raises:
        StorageError: it cannot; the text says why and what to do.
    """
    with file_errors(file), suppress(FileNotFoundError):
        file.open("r+b").close()


@contextmanager
def hold(folder: Path, role: str) -> Iterator[None]:
    """Be the only process of this role in the folder while the block lasts. A killed process holds nothing.

    Raises:
        AlreadyRunning: another process has this role here; the text tells its id.
        StorageError: the folder cannot be written.
    """
    lock = FileLock(folder / f"{role}.lock")
    # The holder's id has a file of its own: an attempt to lock may empty the lock file.
    holder = folder / f"{role}.pid"
    with file_errors(folder):
        try:
            lock.acquire(blocking=False)
        except HeldElsewhere as held:
            raise AlreadyRunning(
                f"Inkling already runs here as {role} (process {_read_pid(holder)}) with the data in {folder}. "
                "Stop it first, or set DATA_FOLDER to another folder."
            ) from held
    try:
        write_atomically(holder, str(os.getpid()).encode())
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _read_pid(file: Path) -> str:
    with suppress(FileNotFoundError):
        return file.read_text(encoding="ascii").strip()
    return "unknown"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, whatever is killed when.

    Raises:
        DiskFull: there is no room; nothing is left behind.
        StorageError: it cannot be written.
    """
    with file_errors(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
