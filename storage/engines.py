"""Database engines whose transactions keep the same promise on SQLite and PostgreSQL.

A writer is alone: units of work that write follow one another, in the order they came. Inside a process
`storage.lending` lets one in after another; between processes the transaction begins by taking the database's lock
(SQLite: BEGIN IMMEDIATE; PostgreSQL: an advisory lock). So what is read and then written in one transaction is never
outdated. The drivers' own ways lose updates silently: SQLite's opens no transaction for a SELECT, and PostgreSQL's READ
COMMITTED lets two transactions read the same value and write it twice.
A reader sees one state of the database from its first query on, waits for nobody and cannot write.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from bot.errors import SettingsError

# Seconds: how long a transaction waits for another program, and for its turn among our own.
BUSY_TIMEOUT = 5.0
QUEUE_TIMEOUT = 30.0
# How many may read at the same time; SQLAlchemy's pool keeps that many connections at most.
READERS = 10
# Any number will do, as long as it is ours alone within the database.
ADVISORY_LOCK = 0x1A4B11A6

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_ADVICE = "It must look like postgresql://user:password@host/database, or be left empty for SQLite in the data folder."


def read_url(text: str) -> URL:
    """The address of a database, with the driver that we use.

    Raises:
        SettingsError: it is none that we can use.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise SettingsError(f"DATABASE_URL cannot be read. {_ADVICE}") from error
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise SettingsError(f"DATABASE_URL begins with {url.drivername}://, which is not supported. {_ADVICE}")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise SettingsError(f"DATABASE_URL names no file, and memory does not last. {_ADVICE}")
    return url.set(drivername=driver)


def writing_engine(url: URL) -> AsyncEngine:
    """An engine whose transactions hold the database's write lock from their beginning."""
    engine = _engine(url)
    if url.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", _open_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_immediate)
    else:
        event.listen(engine.sync_engine, "begin", _begin_alone)
    return engine


def reading_engine(url: URL) -> AsyncEngine:
    """An engine whose transactions read one state of the database and cannot write."""
    if url.get_backend_name() == "sqlite":
        engine = _engine(url)
        event.listen(engine.sync_engine, "connect", _open_sqlite)
        event.listen(engine.sync_engine, "connect", _only_read)
        event.listen(engine.sync_engine, "begin", _begin_deferred)
        return engine
    engine = _engine(url)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def migrating_file_engine(url: URL) -> Engine:
    """A writing engine on a SQLite file that ignores foreign keys: replacing a table must not delete what refers to it.

    It is synchronous, so that a file that cannot be opened leaves no driver's thread behind.
    """
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"), connect_args={"timeout": BUSY_TIMEOUT}, hide_parameters=True
    )
    event.listen(engine, "connect", _open_sqlite)
    event.listen(engine, "connect", _ignore_foreign_keys)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _engine(url: URL) -> AsyncEngine:
    connect_args: dict[str, Any] = {"timeout": BUSY_TIMEOUT}
    if url.get_backend_name() == "postgresql":
        lock_timeout = f"{QUEUE_TIMEOUT * 1000:.0f}ms"
        connect_args["server_settings"] = {"lock_timeout": lock_timeout, "application_name": "inkling"}
        return create_async_engine(url, connect_args=connect_args, hide_parameters=True, pool_pre_ping=True)
    # `storage.lending` keeps the connections of a file. A pool beneath it would keep, for ever, one that comes back
    # after the pool was closed.
    return create_async_engine(url, connect_args=connect_args, hide_parameters=True, poolclass=NullPool)


def _open_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    try:
        _set_up(connection)
    except BaseException:
        # SQLAlchemy forgets a connection that fails here, and does not close it.
        connection.close()
        raise


def _set_up(connection: Any) -> None:
    # None: the driver must not begin transactions by itself, we do.
    connection.isolation_level = None
    for setting in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        # What is deleted is overwritten, and the log does not keep a copy of it for longer than it must.
        "secure_delete=ON",
        "journal_size_limit=0",
    ):
        _execute(connection, f"PRAGMA {setting}")


def _only_read(connection: Any, _entry: ConnectionPoolEntry) -> None:
    _execute(connection, "PRAGMA query_only=ON")


def _ignore_foreign_keys(connection: Any, _entry: ConnectionPoolEntry) -> None:
    _execute(connection, "PRAGMA foreign_keys=OFF")


def _execute(connection: Any, statement: str) -> None:
    cursor = connection.cursor()
    cursor.execute(statement)
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    if not _has_begun(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(connection: Connection) -> None:
    if not _has_begun(connection):
        connection.exec_driver_sql("BEGIN DEFERRED")


def _has_begun(connection: Connection) -> bool:
    """Whether `storage.file_transaction` began the transaction, past SQLAlchemy."""
    driver = connection.connection.driver_connection
    return driver is not None and bool(driver.in_transaction)


def _begin_alone(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
