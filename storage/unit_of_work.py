"""Units of work: one transaction with all repositories on it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType

from bot.ports import (
    Deliveries,
    Erasure,
    Feedback,
    Inbox,
    Preferences,
    Ratings,
    Releases,
    Statistics,
    Turns,
    UnitOfWork,
)
from storage.database import Database
from storage.repositories.deliveries import SqlDeliveries
from storage.repositories.erasure import SqlErasure
from storage.repositories.feedback import SqlFeedback
from storage.repositories.inbox import SqlInbox
from storage.repositories.preferences import SqlPreferences
from storage.repositories.ratings import SqlRatings
from storage.repositories.releases import SqlReleases
from storage.repositories.statistics import SqlStatistics
from storage.repositories.turns import SqlTurns
from storage.transaction import Transaction


class SqlUnitOfWork:
    """The repositories of one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self.inbox: Inbox = SqlInbox(transaction)
        self.turns: Turns = SqlTurns(transaction)
        self.deliveries: Deliveries = SqlDeliveries(transaction)
        self.ratings: Ratings = SqlRatings(transaction)
        self.releases: Releases = SqlReleases(transaction)
        self.feedback: Feedback = SqlFeedback(transaction)
        self.preferences: Preferences = SqlPreferences(transaction)
        self.erasure: Erasure = SqlErasure(transaction)
        self.statistics: Statistics = SqlStatistics(transaction)


class _Unit:
    """A unit of work around a transaction's block."""

    def __init__(self, transaction: AbstractAsyncContextManager[Transaction]) -> None:
        self._transaction = transaction

    async def __aenter__(self) -> UnitOfWork:
        return SqlUnitOfWork(await self._transaction.__aenter__())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transaction.__aexit__(kind, error, trace)


class SqlUnitOfWorkFactory:
    """Opens units of work on a database; each task opens its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """To read and write, one after another in the order of asking."""
        return _Unit(self._database.writing())

    def accepting(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """To read and write, ahead of those who did not ask so."""
        return _Unit(self._database.writing(ahead=True))

    def reading(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """To read one state of the database; a write raises StorageError."""
        return _Unit(self._database.reading())
