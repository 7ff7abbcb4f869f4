"""Transactions on a SQLite file, in as few visits to the driver's thread as their statements allow.

Each visit costs two passes of the event loop, many times what SQLite takes for a statement. So a transaction begins
with its first statement's visit, writes that nobody reads wait for the next one, and the last of them is committed in
its own. What has no prepared statement goes through SQLAlchemy, within the same transaction.

aiosqlite has no public way to run several statements in one visit; SQLAlchemy's own dialect reaches into it likewise.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.prepared import Prepared, Query, Rows, Values
from storage.transaction import Transaction

# SQL and its parameters.
Step = tuple[str, Sequence[Any]]

_COMMIT: Step = ("COMMIT", ())


class FileTransaction(Transaction):
    """A transaction of a SQLite connection; `driver` is aiosqlite's connection beneath it."""

    def __init__(self, connection: AsyncConnection, driver: Any, name: str, *, writes: bool) -> None:
        super().__init__(connection, name, writes=writes)
        self._driver = driver
        self._begun = False
        self._waiting: list[Step] = []

    async def _execute(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> CursorResult[Any]:
        if self._waiting:
            await self._visit()
        self._begun = True
        return await super()._execute(statement, rows)

    async def _fetch(self, statement: Prepared, values: Values) -> Rows:
        compiled = statement.on_sqlite(values)
        return compiled.rows((await self._visit((compiled.sql, compiled.parameters(values))))[-1])

    async def _fetch_all(self, queries: Sequence[Query]) -> Sequence[Rows]:
        if not queries:
            return []
        compiled = [statement.on_sqlite(values) for statement, values in queries]
        steps = [(one.sql, one.parameters(values)) for one, (_, values) in zip(compiled, queries, strict=True)]
        found = await self._visit(*steps)
        return [one.rows(rows) for one, rows in zip(compiled, found[-len(queries) :], strict=True)]

    async def _write(self, statement: Prepared, values: Values) -> None:
        compiled = statement.on_sqlite(values)
        self._waiting.append((compiled.sql, compiled.parameters(values)))

    async def _commit(self) -> None:
        if self._connection.in_transaction():
            if self._waiting:
                await self._visit()
            await super()._commit()
        elif self._begun or self._waiting:
            await self._visit(_COMMIT)
        self._begun = False

    def begin_commit(self) -> Awaitable[None] | None:
        if self.leaves_traces or self._watch.failed or self._connection.in_transaction():
            return None
        visit = self._send(_COMMIT) if self._begun or self._waiting else None
        self._begun = False
        return self._committed(visit)

    async def _committed(self, visit: asyncio.Future[Sequence[Rows]] | None) -> None:
        with self._watch:
            if visit is not None:
                await visit

    async def end(self) -> None:
        if self._connection.in_transaction():
            await super().end()
        elif self._begun:
            # Nobody waits for it: whatever comes next on this connection comes after it.
            self._driver._tx.put_nowait((None, partial(_roll_back, self._driver._conn)))

    async def empty_log(self) -> bool:
        with self._watch:
            checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"
            (((blocked, _, _),),) = await self._driver._execute(_run, self._driver._conn, [(checkpoint, ())])
            return not blocked

    async def _visit(self, *steps: Step) -> Sequence[Rows]:
        """Run what waits and these steps; the rows of each."""
        return await self._send(*steps)

    def _send(self, *steps: Step) -> asyncio.Future[Sequence[Rows]]:
        """Give what waits and these steps to the driver's thread.

        They end before whatever is given to it later, even if nobody waits for them any more.
        """
        together = [*self._waiting, *steps]
        if not self._begun:
            together.insert(0, ("BEGIN IMMEDIATE" if self.writes else "BEGIN DEFERRED", ()))
        self._waiting.clear()
        self._begun = True
        visit: asyncio.Future[Sequence[Rows]] = asyncio.get_running_loop().create_future()
        self._driver._tx.put_nowait((visit, partial(_run, self._driver._conn, together)))
        return visit


def _run(connection: sqlite3.Connection, steps: Sequence[Step]) -> Sequence[Rows]:
    """In the driver's thread. A transaction that failed is over at once: the next one may be waiting behind it."""
    try:
        return [connection.execute(sql, parameters).fetchall() for sql, parameters in steps]
    except sqlite3.Error:
        with suppress(sqlite3.Error):
            _roll_back(connection)
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    # It is over already when SQLite ended it by itself, or the commit's waiter was cancelled.
    if connection.in_transaction:
        connection.execute("ROLLBACK")
