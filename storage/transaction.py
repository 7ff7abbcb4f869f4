"""What repositories know of the database: one transaction that runs statements in either dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StorageError
from storage.failures import database_errors

Insert = sqlite.Insert | postgresql.Insert


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
        self._failure: StorageError | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether the dialect is SQLite's; it is PostgreSQL's otherwise."""
        return self._connection.dialect.name == "sqlite"

    async def execute(self, statement: Executable, rows: Sequence[Mapping[str, Any]] = ()) -> CursorResult[Any]:
        """Run a statement, once for each of the rows where there are some.

        Raises:
            StorageError: it failed, or one before it did.
        """
        self.raise_failure()
        try:
            with database_errors(self._name):
                return await self._connection.execute(statement, rows or None)
        except StorageError as error:
            self._failure = error
            raise

    def raise_failure(self) -> None:
        """Raise the error of the statement that failed, if one did."""
        if self._failure is not None:
            raise self._failure

    def insert(self, table: Table) -> Insert:
        """An insert that knows what to do on a conflict."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    async def upsert(self, table: Table, values: Mapping[str, Any]) -> None:
        """Insert a row, or replace the one of the same primary key."""
        keys = [column.name for column in table.primary_key]
        insert = self.insert(table).values(values)
        replaced = {name: insert.excluded[name] for name in values if name not in keys}
        await self.execute(insert.on_conflict_do_update(index_elements=keys, set_=replaced))
