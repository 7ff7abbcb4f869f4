"""Who is served now: budgets for each person and place, and one fair line for the engine's slots.

The line gives a free slot to the person who was served least recently, then to the place served least recently, then to
the one who came first, so that nobody's burst of requests delays everyone else's first.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.chat.windows import MovingWindow
from bot.errors import Refused

OnPosition = Callable[[int], Awaitable[None]]


class Budget:
    """So many requests in so much time for each key, written as "20/minute"."""

    def __init__(self, rate: str, line: str) -> None:
        self._window = MovingWindow(rate)
        self._line = line

    def spend(self, key: str) -> None:
        """Count one request.

        Raises:
            Refused: the budget is used up; the line says for how many seconds.
        """
        wait = self._window.take(key)
        if wait > 0:
            raise Refused(self._line, seconds=max(1, math.ceil(wait)))


@dataclass(slots=True, eq=False)
class _Ticket:
    person: str
    place: str
    admitted: asyncio.Event = field(default_factory=asyncio.Event)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    position: int = 0


class Admission:
    """The budgets and the line. `capacity` is asked each time, since an engine may change it."""

    def __init__(self, *, person_budget: str, place_budget: str, queue_limit: int, capacity: Callable[[], int]) -> None:
        self._person_budget = Budget(person_budget, "admission.person_budget")
        self._place_budget = Budget(place_budget, "admission.place_budget")
        self._limit = queue_limit
        self._capacity = capacity
        self._waiting: list[_Ticket] = []
        self._running = 0
        self._served = 0
        self._last_served: dict[str, int] = {}

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many hold a slot."""
        return self._running

    def spend(self, person: str, place: str) -> None:
        """Count a request against both budgets.

        Raises:
            Refused: one of them is used up.
        """
        self._person_budget.spend(person)
        self._place_budget.spend(place)

    @asynccontextmanager
    async def slot(self, person: str, place: str, on_position: OnPosition) -> AsyncIterator[None]:
        """Hold one of the engine's slots; while in line, `on_position` hears each new place in it.

        Raises:
            Refused: the line is full.
        """
        if len(self._waiting) >= self._limit:
            raise Refused("admission.full", limit=self._limit)
        ticket = _Ticket(person, place)
        self._waiting.append(ticket)
        self._advance()
        try:
            await self._stand_in_line(ticket, on_position)
            yield
        finally:
            self._leave(ticket)

    async def _stand_in_line(self, ticket: _Ticket, on_position: OnPosition) -> None:
        while not ticket.admitted.is_set():
            ticket.moved.clear()
            if ticket.position:
                await on_position(ticket.position)
            if not ticket.admitted.is_set():
                await ticket.moved.wait()

    def _leave(self, ticket: _Ticket) -> None:
        if ticket.admitted.is_set():
            self._running -= 1
        else:
            self._waiting.remove(ticket)
        self._advance()
        if not self._running:
            # Nobody waits either: who was served when no longer matters, and is not kept for ever.
            self._last_served.clear()

    def _advance(self) -> None:
        """Fill free slots and tell the rest where they stand."""
        while self._waiting and self._running < max(1, self._capacity()):
            ticket = self._line()[0]
            self._waiting.remove(ticket)
            self._running += 1
            self._served += 1
            self._last_served[ticket.person] = self._last_served[ticket.place] = self._served
            ticket.admitted.set()
            ticket.moved.set()
        for position, ticket in enumerate(self._line(), start=1):
            if ticket.position != position:
                ticket.position = position
                ticket.moved.set()

    def _line(self) -> list[_Ticket]:
        """The tickets in the order of service: everyone's first before anyone's second, then by who waited longest."""
        own: Counter[str] = Counter()
        order: dict[_Ticket, tuple[int, int, int]] = {}
        for ticket in self._waiting:
            served = (self._last_served.get(ticket.person, 0), self._last_served.get(ticket.place, 0))
            order[ticket] = (own[ticket.person], *served)
            own[ticket.person] += 1
        # The sort is stable and tickets stand in the order of their arrival, which settles what is equal.
        return sorted(self._waiting, key=order.__getitem__)
