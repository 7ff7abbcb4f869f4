"""One database: opened (made, checked, brought up to date), lent in transactions, closed."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import structlog
from sqlalchemy import URL

from storage import engines
from storage.folder import prepare, try_writing
from storage.lending import Lender, Reading, Writing
from storage.migrating import delete_backups, migrate, name_of
from storage.transaction import Transaction

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
        self._writer = Lender(engines.writing_engine(self._url), self.name, at_most=1)
        self._reader = Lender(engines.reading_engine(self._url), self.name, at_most=engines.READERS)

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
        await self._writer.close()
        await self._reader.close()

    def writing(self, *, ahead: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that no other writer shares; it commits when the block ends, and rolls back when it raises.

        `ahead`: of the others that wait for one.
        """
        return Writing(self._writer, self._wipe_traces, ahead=ahead)

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that sees one state of the database and cannot change it."""
        return Reading(self._reader)

    async def _wipe_traces(self, transaction: Transaction) -> None:
        """Leave no copy of erased words in SQLite's write-ahead log, nor in a backup.

        PostgreSQL keeps dead rows until its autovacuum comes.
        """
        if self.file is None:
            return
        if not await transaction.empty_log():
            log.warning("erased words stay in the write-ahead log until its next checkpoint", database=self.name)
        await asyncio.to_thread(delete_backups, self.file)
