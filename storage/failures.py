"""Errors of the drivers and of SQLAlchemy become ours: one sentence each, with what to do.

The database is told to keep parameters out of its messages, so a cause may be logged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.errors import DatabaseLocked, DiskFull, StorageError

_SQLITE_REASONS = {
    "SQLITE_NOTADB": "{name} is not a database. Move it away, or put the latest backup in its place, and start again.",
    "SQLITE_CORRUPT": "{name} is damaged. Stop, and put the latest backup in its place.",
    "SQLITE_READONLY": "{name} can only be read. Give this user permission to write the file and its folder.",
    "SQLITE_CANTOPEN": "{name} cannot be opened. Check that its folder exists and that this user may write there.",
    "SQLITE_PERM": "{name} may not be used by this user. Change the owner or the permissions of the file.",
    "SQLITE_IOERR": "{name} cannot be read or written: the disk reports an error. Check the disk and its free space.",
}
# By class (two characters) or whole code: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL_REASONS = {
    "25006": "{name} can only be read. Connect to a primary server, with a role that may write.",
    "28": "{name} refuses the user or the password. Correct DATABASE_URL.",
    "3D": "{name} does not exist. Create the database, or correct DATABASE_URL.",
    "42501": "{name} does not allow this role to do that. Grant it the right to create and change tables.",
    "53300": "{name} has no connection left. Allow more connections, or close other programs.",
    "57P": "{name} is starting or stopping. Try again in a moment.",
    "08": "{name} does not answer. Check that the server runs and that DATABASE_URL names it.",
}
_LOCKED = "{name} is held by another program for too long. Close the other program, or try again."
_FULL = "There is no room left for {name}. Free some space on its disk; what was stored is safe."
_UNREACHABLE = _POSTGRESQL_REASONS["08"]


@contextmanager
def database_errors(name: str) -> Iterator[None]:
    """Errors of the database of this name, inside the block, leave it as StorageError."""
    try:
        yield
    except Exception as error:
        if not is_of_database(error):
            raise
        raise as_storage_error(error, name) from error


def as_storage_error(error: Exception, name: str) -> StorageError:
    """Our error for one of a driver's, of SQLAlchemy's, or of the network's, about the database of this name."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    sqlite = getattr(cause, "sqlite_errorname", None)
    if sqlite is not None:
        return _from_sqlite(str(sqlite), name)
    sqlstate = getattr(cause, "sqlstate", None)
    if sqlstate is not None:
        return _from_postgresql(str(sqlstate), name)
    if isinstance(cause, OSError):
        return StorageError(_UNREACHABLE.format(name=name))
    return StorageError(f"{name} failed: {type(cause).__name__}. The log holds the cause.")


def is_of_database(error: Exception) -> bool:
    """Whether an error is the database's. Drivers' own are known by the code that they carry; none is imported."""
    if isinstance(error, SQLAlchemyError | OSError):
        return True
    return hasattr(error, "sqlite_errorname") or hasattr(error, "sqlstate")


def _from_sqlite(code: str, name: str) -> StorageError:
    if code.startswith("SQLITE_FULL"):
        return DiskFull(_FULL.format(name=name))
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DatabaseLocked(_LOCKED.format(name=name))
    for start, reason in _SQLITE_REASONS.items():
        if code.startswith(start):
            return StorageError(reason.format(name=name))
    return StorageError(f"{name} refused what was to be stored ({code}). The log holds the cause.")


def _from_postgresql(code: str, name: str) -> StorageError:
    if code == "53100":
        return DiskFull(_FULL.format(name=name))
    if code in ("55P03", "40P01", "40001", "57014"):
        return DatabaseLocked(_LOCKED.format(name=name))
    for start, reason in _POSTGRESQL_REASONS.items():
        if code.startswith(start):
            return StorageError(reason.format(name=name))
    return StorageError(f"{name} refused what was to be stored (SQLSTATE {code}). The log holds the cause.")
