"""What repositories know of the database: one transaction that runs statements in either dialect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StorageError
from storage.failures import as_storage_error, database_errors, is_of_database
from storage.prepared import Prepared, Query, Rows, Values

Insert = sqlite.Insert | postgresql.Insert
T = TypeVar("T")


async def uninterrupted(work: Awaitable[T]) -> T:
    """The result of a driver's work, which ends before its task may be cancelled.

    Interrupted halfway, a driver loses its connection, and SQLite's leaves a thread behind that nobody waits for. Such
    work is short: its waiting is bounded by the timeouts of `storage.engines`.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        # Asked for, so that asyncio does not report an error that nobody can receive any more.
        task.exception()
        raise


class Transaction:
    """One transaction on the database of this name.

    After a statement failed, every further one fails the same way and nothing is committed: SQLite ends a transaction
    by itself when the disk is full, and what came after would be kept without what came before.
    """

    def __init__(self, connection: AsyncConnection, name: str, *, writes: bool) -> None:
        self.writes = writes
        # Set by who erases words for good, so that no copy is left in the database's log or backups.
        self.leaves_traces = False
        self._connection = connection
        self._name = name
        self._watch = _Watch(name)

    @property
    def is_sqlite(self) -> bool:
        """Whether the dialect is SQLite's; it is PostgreSQL's otherwise."""
        return self._connection.dialect.name == "sqlite"

    async def execute(self, statement: Executable, rows: Sequence[Mapping[str, Any]] = ()) -> CursorResult[Any]:
        """Run a statement, once for each of the rows where there are some.

        Raises:
            StorageError: it failed, or one before it did.
        """
        with self._watch:
            return await self._execute(statement, rows)

    async def fetch(self, statement: Prepared, values: Values) -> Rows:
        """Run a prepared statement; its rows.

        Raises:
            StorageError: it failed, or one before it did.
        """
        with self._watch:
            return await self._fetch(statement, values)

    async def fetch_all(self, queries: Sequence[Query]) -> Sequence[Rows]:
        """Run prepared statements in one go; the rows of each.

        Raises:
            StorageError: it failed, or one before it did.
        """
        with self._watch:
            return await self._fetch_all(queries)

    async def write(self, statement: Prepared, values: Values) -> None:
        """Run a prepared statement whose outcome nobody reads: by the next statement or the commit at the latest.

        Raises:
            StorageError: it failed, or one before it did; perhaps only later.
        """
        with self._watch:
            await self._write(statement, values)

    async def commit(self) -> None:
        """Keep what was written.

        Raises:
            StorageError: it failed, or a statement did.
        """
        with self._watch:
            await self._commit()

    def begin_commit(self) -> Awaitable[None] | None:
        """Begin to commit, if the connection may be lent on before that is done; what then waits until it is.

        None: it may not, and `commit` and `end` are to be called instead.
        """
        return None

    async def end(self) -> None:
        """Undo what was not committed."""
        with database_errors(self._name):
            await uninterrupted(self._connection.rollback())

    async def empty_log(self) -> bool:
        """After the commit, leave nothing in SQLite's write-ahead log; False where a reader still needs it."""
        return True

    def insert(self, table: Table) -> Insert:
        """An insert that knows what to do on a conflict."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    async def upsert(self, table: Table, values: Mapping[str, Any]) -> None:
        """Insert a row, or replace the one of the same primary key."""
        keys = [column.name for column in table.primary_key]
        insert = self.insert(table).values(values)
        replaced = {name: insert.excluded[name] for name in values if name not in keys}
        await self.execute(insert.on_conflict_do_update(index_elements=keys, set_=replaced))

    async def _execute(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> CursorResult[Any]:
        return await uninterrupted(self._connection.execute(statement, rows or None))

    async def _fetch(self, statement: Prepared, values: Values) -> Rows:
        result = await uninterrupted(self._connection.execute(statement.statement, values))
        return result.all() if result.returns_rows else []

    async def _fetch_all(self, queries: Sequence[Query]) -> Sequence[Rows]:
        return [await self._fetch(statement, values) for statement, values in queries]

    async def _write(self, statement: Prepared, values: Values) -> None:
        await self._fetch(statement, values)

    async def _commit(self) -> None:
        await uninterrupted(self._connection.commit())


class _Watch:
    """Database errors leave a block as StorageError; after one, no further block is entered."""

    __slots__ = ("_failure", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._failure: StorageError | None = None

    @property
    def failed(self) -> bool:
        """Whether something went wrong already."""
        return self._failure is not None

    def __enter__(self) -> None:
        if self._failure is not None:
            raise self._failure

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, StorageError):
            self._failure = error
        elif isinstance(error, Exception) and is_of_database(error):
            self._failure = as_storage_error(error, self._name)
            raise self._failure from error
