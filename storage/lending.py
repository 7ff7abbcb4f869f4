"""Connections of one engine, each lent to one transaction at a time."""

from __future__ import annotations

import asyncio
from collections import deque
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

# Of the others, so many have their turn after each who went ahead: about what an event that was taken in asks for later
# on. Their writes are sent in one go, and hold the line up for a fraction of what taking in does.
OTHERS_BETWEEN = 4


class Line:
    """So many places, and those who wait for one: in the order they came, but some go ahead of the rest.

    After each of these, `OTHERS_BETWEEN` of the rest have their turn: a flood of events keeps no answer waiting.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._ahead: deque[asyncio.Future[None]] = deque()
        self._rest: deque[asyncio.Future[None]] = deque()
        self._owed = 0

    def enter_at_once(self) -> bool:
        """Take a place if one is free."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def enter(self, *, ahead: bool) -> None:
        """Wait for a place."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._ahead if ahead else self._rest
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                # It was given to us in the same moment.
                self.leave()
            raise
        finally:
            waiting.remove(turn)

    def leave(self) -> None:
        """Give a place back: to who is next, if anyone waits."""
        ahead, rest = (self._first(waiting) for waiting in (self._ahead, self._rest))
        goes_ahead = ahead is not None and (rest is None or not self._owed)
        self._owed = OTHERS_BETWEEN if goes_ahead else max(0, self._owed - 1)
        turn = ahead if goes_ahead else rest
        if turn is None:
            self._free += 1
        else:
            turn.set_result(None)

    @staticmethod
    def _first(waiting: deque[asyncio.Future[None]]) -> asyncio.Future[None] | None:
        """The first who still waits: who was called away, or given a place, leaves the line by themselves."""
        return next((turn for turn in waiting if not turn.done()), None)


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
        self._line = Line(at_most)
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._keeps = self._is_sqlite
        self._kept: list[Connection] = []

    async def lend(self, *, ahead: bool = False) -> Connection:
        """A connection that nobody else has; `ahead` of those who wait without having said so.

        Raises:
            DatabaseLocked: none was free for too long.
            StorageError: the database cannot be used.
        """
        if not self._line.enter_at_once():
            await self._wait(ahead)
        try:
            return self._kept.pop() if self._kept else await self._connect()
        except BaseException:
            self._line.leave()
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
            self._line.leave()

    async def close(self) -> None:
        """Let go of every connection; those still lent are closed when they come back."""
        self._keeps = False
        while self._kept:
            await uninterrupted(self._kept.pop().connection.close())
        await self._engine.dispose()

    async def _wait(self, ahead: bool) -> None:
        try:
            async with asyncio.timeout(engines.QUEUE_TIMEOUT):
                await self._line.enter(ahead=ahead)
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

    def __init__(self, lender: Lender, *, ahead: bool = False) -> None:
        self._lender = lender
        self._ahead = ahead

    async def __aenter__(self) -> Transaction:
        self._lent = await self._lender.lend(ahead=self._ahead)
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

    def __init__(self, lender: Lender, wipe: Callable[[Transaction], Awaitable[None]], *, ahead: bool = False) -> None:
        super().__init__(lender, ahead=ahead)
        self._wipe = wipe

    async def _keep(self, transaction: Transaction) -> None:
        await transaction.commit()
        if transaction.leaves_traces:
            await self._wipe(transaction)
