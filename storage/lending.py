"""Connections of one engine, each lent to one transaction at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import DatabaseLocked
from storage import engines
from storage.failures import database_errors
from storage.file_transaction import FileTransaction
from storage.transaction import Transaction, uninterrupted


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection of SQLAlchemy's, and the driver's beneath it."""

    connection: AsyncConnection
    driver: Any


class Lender:
    """Lends up to so many connections at a time to the database of this name, in the order of asking.

    SQLite's stay open in between, since to begin and end with SQLAlchemy's pool takes longer than most transactions.
    PostgreSQL's go back to that pool, which knows those that the server has dropped.
    """

    def __init__(self, engine: AsyncEngine, name: str, *, at_most: int) -> None:
        self.name = name
        self._engine = engine
        # We wait here and not in SQLAlchemy's pool: this wait can be cancelled, and when a connection is lost, a pool
        # lets everyone who waits for it wait until their time is over.
        self._places = asyncio.Semaphore(at_most)
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._keeps = self._is_sqlite
        self._kept: list[Connection] = []

    async def lend(self) -> Connection:
        """A connection that nobody else has.

        Raises:
            DatabaseLocked: none was free for too long.
            StorageError: the database cannot be used.
        """
        await self._wait()
        try:
            return self._kept.pop() if self._kept else await self._connect()
        except BaseException:
            self._places.release()
            raise

    async def begin(self, lent: Connection, *, writes: bool) -> Transaction:
        """A transaction on a connection. SQLite's begins with its first statement."""
        if self._is_sqlite:
            return FileTransaction(lent.connection, lent.driver, self.name, writes=writes)
        with database_errors(self.name):
            await uninterrupted(lent.connection.begin())
        return Transaction(lent.connection, self.name, writes=writes)

    async def take_back(self, lent: Connection, *, well: bool) -> None:
        """The next one may have it; one that something went wrong on is closed."""
        try:
            if well and self._keeps:
                self._kept.append(lent)
            else:
                # A transaction that is still open is rolled back by this.
                await uninterrupted(lent.connection.close())
        finally:
            self._places.release()

    async def close(self) -> None:
        """Let go of every connection; those still lent are closed when they come back."""
        self._keeps = False
        while self._kept:
            await uninterrupted(self._kept.pop().connection.close())
        await self._engine.dispose()

    async def _wait(self) -> None:
        if not self._places.locked():
            # This does not wait, and needs no time limit, which is dear.
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(engines.QUEUE_TIMEOUT):
                await self._places.acquire()
        except TimeoutError as error:
            raise DatabaseLocked(
                f"{self.name} is busy for too long. Try again; if it stays busy, restart Inkling."
            ) from error

    async def _connect(self) -> Connection:
        connection = self._engine.connect()
        try:
            with database_errors(self.name):
                await uninterrupted(connection.start())
                return Connection(connection, (await connection.get_raw_connection()).driver_connection)
        except BaseException:
            if connection.sync_connection is not None:
                await uninterrupted(connection.close())
            raise


class Reading:
    """A block whose transaction sees one state of the database and cannot change it.

    A class, like `Writing`: as generators under `asynccontextmanager` they took a tenth of a message's time.
    """

    def __init__(self, lender: Lender) -> None:
        self._lender = lender

    async def __aenter__(self) -> Transaction:
        self._lent = await self._lender.lend()
        try:
            self._transaction = await self._lender.begin(self._lent, writes=self._writes)
        except BaseException:
            await self._lender.take_back(self._lent, well=False)
            raise
        return self._transaction

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        committing = self._transaction.begin_commit() if kind is None and self._writes else None
        if committing is not None:
            # The next one's statements queue up behind the commit, and need not wait for us to hear of it.
            await self._lender.take_back(self._lent, well=True)
            await committing
            return
        well = False
        try:
            try:
                if kind is None:
                    await self._keep(self._transaction)
            finally:
                await self._transaction.end()
            well = kind is None
        finally:
            await self._lender.take_back(self._lent, well=well)

    _writes = False

    async def _keep(self, transaction: Transaction) -> None:
        """Nothing was written."""


class Writing(Reading):
    """A block whose transaction no other writer shares; it is committed when the block ends, and undone when it raises.

    `wipe` is called after the commit of one that leaves traces, while it still holds the connection.
    """

    _writes = True

    def __init__(self, lender: Lender, wipe: Callable[[Transaction], Awaitable[None]]) -> None:
        super().__init__(lender)
        self._wipe = wipe

    async def _keep(self, transaction: Transaction) -> None:
        await transaction.commit()
        if transaction.leaves_traces:
            await self._wipe(transaction)
