"""The door: where events come in, those that come at the same time in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from bot.chat.intake import Accepted, store
from bot.chat.jobs import Services
from bot.chat.together import Together
from bot.domain.messages import Ask
from bot.ports import InboxItem, UnitOfWork

# How long a claim holds without being renewed: a dead process's events are free afterwards.
LEASE = timedelta(seconds=60)

Taken = tuple[InboxItem, Accepted]


class Door:
    """Where events come in; `owner` claims them."""

    def __init__(self, services: Services, owner: str) -> None:
        self._services = services
        self._owner = owner
        self._together = Together(services.units.accepting, self._store)

    def take_in(self, ask: Ask) -> asyncio.Future[Taken | None]:
        """Store an event and its turns, claimed by this process; None when it is known already, or about no answer.

        Raises:
            StorageError: nothing could be kept.
        """
        return self._together.do(ask)

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
