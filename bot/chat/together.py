"""Sharing transactions: what is to be stored, or read, at the same time is stored, or read, in one.

Each transaction waits for the storage's turn, and for the storage. On a busy machine these waits are most of the time
that it takes; so whoever comes while others are being served shares the next transaction with all who came meanwhile.
Nobody waits for company.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from bot.ports import Heard, Look, UnitOfWork

# So many share a transaction; while one is written, nobody else can write.
MOST = 64

T = TypeVar("T")
R = TypeVar("R")
Write = Callable[[UnitOfWork], Awaitable[None]]


class Together(Generic[T, R]):
    """Where things come to be done; `do_all` does several in a unit of work that `unit` opens.

    It may be asked again for the same thing: alone, when something was wrong with one of its company.
    """

    def __init__(
        self,
        unit: Callable[[], AbstractAsyncContextManager[UnitOfWork]],
        do_all: Callable[[Sequence[T], UnitOfWork], Awaitable[Sequence[R]]],
    ) -> None:
        self._unit = unit
        self._do_all = do_all
        self._line: list[tuple[T, asyncio.Future[R]]] = []
        self._working: asyncio.Task[None] | None = None

    def do(self, thing: T) -> asyncio.Future[R]:
        """What becomes of a thing, which is done even if nobody waits for that any more.

        Raises:
            StorageError: the storage failed; besides whatever doing it raises.
        """
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._line.append((thing, done))
        if self._working is None:
            self._working = asyncio.create_task(self._serve_line(), name="transactions")
        return done

    async def idle(self) -> None:
        """Wait until everything is done."""
        if self._working is not None:
            await asyncio.wait([self._working])

    async def _serve_line(self) -> None:
        try:
            while self._line:
                await self._serve_company()
        finally:
            self._working = None

    async def _serve_company(self) -> None:
        company: list[tuple[T, asyncio.Future[R]]] = []
        try:
            async with self._unit() as uow:
                # Only now: all who came while we stood in line come along.
                company, self._line = self._line[:MOST], self._line[MOST:]
                became = await self._do_all([thing for thing, _ in company], uow)
        except Exception as error:
            if not company:
                company, self._line = self._line, []
                _tell(company, error)
            elif len(company) == 1:
                _tell(company, error)
            else:
                await self._serve_one_by_one(company)
        else:
            for (_, done), one in zip(company, became, strict=True):
                if not done.done():
                    done.set_result(one)

    async def _serve_one_by_one(self, company: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        """Something is wrong with one of them: it must not keep the others out."""
        for thing, done in company:
            try:
                async with self._unit() as uow:
                    (one,) = await self._do_all([thing], uow)
            except Exception as error:
                _tell([(thing, done)], error)
            else:
                if not done.done():
                    done.set_result(one)


async def write_all(writes: Sequence[Write], uow: UnitOfWork) -> Sequence[None]:
    """How writes are done, whose outcome nobody reads."""
    for write in writes:
        await write(uow)
    return [None] * len(writes)


async def look_all(looks: Sequence[Look], uow: UnitOfWork) -> Sequence[Heard]:
    """How what answers are made from is looked up."""
    return await uow.turns.heard(looks)


def _tell(company: Sequence[tuple[T, asyncio.Future[R]]], error: Exception) -> None:
    for _, done in company:
        if not done.done():
            done.set_exception(error)
