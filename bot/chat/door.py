"""The door: events that come at the same time are stored together, in one transaction.

A platform waits until its event is stored, and each transaction waits for the storage twice. On a busy machine these
waits are most of the time that storing takes; so whoever comes while others are being stored shares the next
transaction with all who came meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.chat.intake import Accepted, is_meant, store
from bot.chat.jobs import Services
from bot.domain.messages import Ask
from bot.ports import InboxItem, UnitOfWork

# How long a claim holds without being renewed: a dead process's events are free afterwards.
LEASE = timedelta(seconds=60)
# So many share a transaction, in which nobody else can write.
MOST = 64

Taken = tuple[InboxItem, Accepted]


@dataclass(frozen=True, slots=True, eq=False)
class _Visitor:
    """An event at the door."""

    ask: Ask
    taken: asyncio.Future[Taken | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Door:
    """Where events come in; `owner` claims them."""

    def __init__(self, services: Services, owner: str) -> None:
        self._services = services
        self._owner = owner
        self._line: list[_Visitor] = []
        self._taking: asyncio.Task[None] | None = None

    async def take_in(self, ask: Ask) -> Taken | None:
        """Store an event and its turns, claimed by this process; None when it is known already, or not for the bot.

        Raises:
            Refused: there is nothing in it, or it is longer than anything we keep.
            StorageError: nothing could be kept.
        """
        if not await is_meant(ask, self._services):
            return None
        visitor = _Visitor(ask)
        self._line.append(visitor)
        if self._taking is None:
            self._taking = asyncio.create_task(self._take(), name="take events in")
        return await visitor.taken

    async def _take(self) -> None:
        try:
            while self._line:
                await self._take_together()
        finally:
            self._taking = None

    async def _take_together(self) -> None:
        together: Sequence[_Visitor] = ()
        try:
            async with self._services.units.accepting() as uow:
                # Only now: all who came while we stood in line come along.
                together, self._line = self._line[:MOST], self._line[MOST:]
                taken = await self._store([visitor.ask for visitor in together], uow)
        except Exception as error:
            if together:
                await self._take_one_by_one(together, error)
            else:
                together, self._line = self._line, []
                _tell(together, error)
        else:
            for visitor, one in zip(together, taken, strict=True):
                if not visitor.taken.done():
                    visitor.taken.set_result(one)

    async def _take_one_by_one(self, together: Sequence[_Visitor], error: Exception) -> None:
        """Something is wrong with one of them: it must not keep the others out."""
        if len(together) == 1:
            _tell(together, error)
            return
        for visitor in together:
            try:
                async with self._services.units.accepting() as uow:
                    (one,) = await self._store([visitor.ask], uow)
            except Exception as own:
                _tell([visitor], own)
            else:
                if not visitor.taken.done():
                    visitor.taken.set_result(one)

    async def _store(self, asks: Sequence[Ask], uow: UnitOfWork) -> list[Taken | None]:
        until = self._services.clock.now() + LEASE
        changed: set[str] = set()
        taken = []
        for ask, seen in zip(asks, await uow.inbox.standings(asks), strict=True):
            event = f"{ask.place.platform}/{ask.event_id}"
            # What one of this company has just changed is looked at again.
            standing = (await uow.inbox.standings([ask]))[0] if changed & {event, ask.place.key} else seen
            one = await store(ask, standing, self._services, uow, owner=self._owner, until=until)
            changed |= {event, ask.place.key, *([one[1].place.key] if one else [])}
            taken.append(one)
        return taken


def _tell(visitors: Sequence[_Visitor], error: Exception) -> None:
    for visitor in visitors:
        if not visitor.taken.done():
            visitor.taken.set_exception(error)
