"""One database: opened (made, checked, brought up to date), lent in transactions, closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import DatabaseLocked
from storage import engines
from storage.failures import database_errors
from storage.folder import prepare, try_writing
from storage.migrating import delete_backups, migrate, name_of
from storage.transaction import Transaction, uninterrupted

log = structlog.get_logger(__name__)


def sqlite_url(data_folder: Path) -> str:
    """The address of the SQLite database of a data folder."""
    url = URL.create("sqlite+aiosqlite", database=str(data_folder / "inkling.db"))
    return url.render_as_string(hide_password=False)


class Database:
    """SQLite or PostgreSQL, by address. `open` comes first, `close` last; `close` after a failed `open` is fine.

    Raises:
        SettingsError: the address is none that we can use.
    """

    def __init__(self, url: str) -> None:
        self._url = engines.read_url(url)
        self._writer = engines.writing_engine(self._url)
        self._reader = engines.reading_engine(self._url)
        # We wait here and not in SQLAlchemy's pools: this wait can be cancelled, and when a connection is lost, a pool
        # lets everyone who waits for it wait until their time is over.
        self._writing = asyncio.Semaphore(1)
        self._reading = asyncio.Semaphore(engines.READERS)

    @property
    def name(self) -> str:
        """The database for a log or a terminal; no user and no password."""
        return name_of(self._url)

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self._url.database or "") if self._url.get_backend_name() == "sqlite" else None

    async def open(self) -> None:
        """Make what is missing, bring an older schema up to date (SQLite: after a backup beside the file), and try it.

        Raises:
            DiskFull, DatabaseLocked: as their names say.
            StorageError: the folder or the database cannot be used, or was written by a newer program.
        """
        if self.file is not None:
            await asyncio.to_thread(prepare, self.file.parent)
            await asyncio.to_thread(try_writing, self.file)
        # Alembic is synchronous and reads files; it gets a thread and an engine of its own.
        await asyncio.to_thread(migrate, self._url)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._writer.dispose()
        await self._reader.dispose()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        """A transaction that no other writer shares; it commits when the block ends, and rolls back when it raises."""
        async with self._turn(self._writing), self._transaction(self._writer, writes=True) as (transaction, connection):
            yield transaction
            transaction.raise_failure()
            with database_errors(self.name):
                await uninterrupted(connection.commit())
                if transaction.leaves_traces:
                    await uninterrupted(self._wipe_traces(connection))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """A transaction that sees one state of the database and cannot change it."""
        async with self._turn(self._reading), self._transaction(self._reader, writes=False) as (transaction, _):
            yield transaction

    @asynccontextmanager
    async def _turn(self, line: asyncio.Semaphore) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(engines.QUEUE_TIMEOUT):
                await line.acquire()
        except TimeoutError as error:
            raise DatabaseLocked(
                f"{self.name} is busy for too long. Try again; if it stays busy, restart Inkling."
            ) from error
        try:
            yield
        finally:
            line.release()

    @asynccontextmanager
    async def _transaction(
        self, engine: AsyncEngine, *, writes: bool
    ) -> AsyncIterator[tuple[Transaction, AsyncConnection]]:
        connection = engine.connect()
        try:
            with database_errors(self.name):
                await uninterrupted(connection.start())
                await uninterrupted(connection.begin())
            yield Transaction(connection, self.name, writes=writes), connection
        finally:
            if connection.sync_connection is not None:
                # A transaction that is still open is rolled back by this.
                await uninterrupted(connection.close())

    async def _wipe_traces(self, connection: AsyncConnection) -> None:
        """Leave no copy of erased words in SQLite's write-ahead log, nor in a backup.

        PostgreSQL keeps dead rows until its autovacuum comes.
        """
        if self.file is None:
            return
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        # Past SQLAlchemy, which would begin a transaction first: a log cannot be emptied within one.
        async with driver.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
            blocked, _, _ = await cursor.fetchone()
        if blocked:
            log.warning("erased words stay in the write-ahead log until its next checkpoint", database=self.name)
        await asyncio.to_thread(delete_backups, self.file)
