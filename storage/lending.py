"""Connections of one engine, lent to one transaction at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import DatabaseLocked
from storage import engines
from storage.failures import database_errors
from storage.file_transaction import FileTransaction
from storage.transaction import Transaction, uninterrupted


@dataclass(frozen=True, slots=True)
class _Open:
    """A connection, and SQLite's driver beneath it."""

    connection: AsyncConnection
    driver: Any


class Lender:
    """Lends up to so many connections at a time to the database of this name, in the order of asking.

    SQLite's stay open in between, since to begin and end with SQLAlchemy's pool takes longer than most transactions.
    PostgreSQL's go back to that pool, which knows those that the server has dropped.
    """

    def __init__(self, engine: AsyncEngine, name: str, *, at_most: int, writes: bool) -> None:
        self._engine = engine
        self._name = name
        self._writes = writes
        # We wait here and not in SQLAlchemy's pool: this wait can be cancelled, and when a connection is lost, a pool
        # lets everyone who waits for it wait until their time is over.
        self._places = asyncio.Semaphore(at_most)
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._keeps = self._is_sqlite
        self._kept: list[_Open] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A transaction, undone at the end as far as it was not committed.

        Raises:
            DatabaseLocked: no connection was free for too long.
            StorageError: the database cannot be used.
        """
        async with self._place():
            open_ = await self._take()
            well = False
            try:
                transaction = await self._begin(open_)
                try:
                    yield transaction
                finally:
                    with database_errors(self._name):
                        await transaction.end()
                well = True
            finally:
                if well and self._keeps:
                    self._kept.append(open_)
                else:
                    # A transaction that is still open is rolled back by this.
                    await uninterrupted(open_.connection.close())

    async def close(self) -> None:
        """Let go of every connection; those still lent are closed by who holds them."""
        self._keeps = False
        while self._kept:
            await uninterrupted(self._kept.pop().connection.close())
        await self._engine.dispose()

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(engines.QUEUE_TIMEOUT):
                await self._places.acquire()
        except TimeoutError as error:
            raise DatabaseLocked(
                f"{self._name} is busy for too long. Try again; if it stays busy, restart Inkling."
            ) from error
        try:
            yield
        finally:
            self._places.release()

    async def _take(self) -> _Open:
        if self._kept:
            return self._kept.pop()
        connection = self._engine.connect()
        try:
            with database_errors(self._name):
                await uninterrupted(connection.start())
                return _Open(connection, (await connection.get_raw_connection()).driver_connection)
        except BaseException:
            if connection.sync_connection is not None:
                await uninterrupted(connection.close())
            raise

    async def _begin(self, open_: _Open) -> Transaction:
        if self._is_sqlite:
            return FileTransaction(open_.connection, open_.driver, self._name, writes=self._writes)
        with database_errors(self._name):
            await uninterrupted(open_.connection.begin())
        return Transaction(open_.connection, self._name, writes=self._writes)
