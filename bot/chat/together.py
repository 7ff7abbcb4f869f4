"""Storing together: what comes at the same time shares one transaction.

Each transaction waits for the storage's turn, and for the storage. On a busy machine these waits are most of the time
that storing takes; so whoever comes while others are being stored shares the next transaction with all who came
meanwhile. Nobody waits for company.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from bot.ports import UnitOfWork

# So many share a transaction, in which nobody else can write.
MOST = 64

T = TypeVar("T")
R = TypeVar("R")
Write = Callable[[UnitOfWork], Awaitable[None]]


class Together(Generic[T, R]):
    """Where things come to be stored; `store` stores several in a unit of work that `unit` opens.

    `store` may be asked again for the same thing: alone, when something was wrong with one of its company.
    """

    def __init__(
        self,
        unit: Callable[[], AbstractAsyncContextManager[UnitOfWork]],
        store: Callable[[Sequence[T], UnitOfWork], Awaitable[Sequence[R]]],
    ) -> None:
        self._unit = unit
        self._store = store
        self._line: list[tuple[T, asyncio.Future[R]]] = []
        self._storing: asyncio.Task[None] | None = None

    def store(self, thing: T) -> asyncio.Future[R]:
        """What becomes of a thing, which is stored even if nobody waits for that any more.

        Raises:
            StorageError: it could not be kept; besides whatever storing it raises.
        """
        stored: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._line.append((thing, stored))
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_all(), name="store together")
        return stored

    async def idle(self) -> None:
        """Wait until everything is stored."""
        if self._storing is not None:
            await asyncio.wait([self._storing])

    async def _store_all(self) -> None:
        try:
            while self._line:
                await self._store_company()
        finally:
            self._storing = None

    async def _store_company(self) -> None:
        company: list[tuple[T, asyncio.Future[R]]] = []
        try:
            async with self._unit() as uow:
                # Only now: all who came while we stood in line come along.
                company, self._line = self._line[:MOST], self._line[MOST:]
                kept = await self._store([thing for thing, _ in company], uow)
        except Exception as error:
            if not company:
                company, self._line = self._line, []
                _tell(company, error)
            elif len(company) == 1:
                _tell(company, error)
            else:
                await self._store_one_by_one(company)
        else:
            for (_, stored), one in zip(company, kept, strict=True):
                if not stored.done():
                    stored.set_result(one)

    async def _store_one_by_one(self, company: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        """Something is wrong with one of them: it must not keep the others out."""
        for thing, stored in company:
            try:
                async with self._unit() as uow:
                    (one,) = await self._store([thing], uow)
            except Exception as error:
                _tell([(thing, stored)], error)
            else:
                if not stored.done():
                    stored.set_result(one)


async def write_all(writes: Sequence[Write], uow: UnitOfWork) -> Sequence[None]:
    """How writes are stored, whose outcome nobody reads."""
    for write in writes:
        await write(uow)
    return [None] * len(writes)


def _tell(company: Sequence[tuple[T, asyncio.Future[R]]], error: Exception) -> None:
    for _, stored in company:
        if not stored.done():
            stored.set_exception(error)
