"""Bringing payloads to the app: one attempt over whatever transport is in use, and Slack's retries around it.

Events are tried again with the same event_id; commands, actions and views are not: the user sees the failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from tests.servers.slack.faults import Faults
from tests.servers.slack.world import World


class NotAcked(Exception):
    """The app did not take a payload in time; the text is Slack's reason."""


@dataclass(frozen=True, slots=True)
class Acked:
    """The app took a payload: what it answered, and after how many seconds."""

    after: float
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivered:
    """One attempt to deliver: `acked_after` in seconds, None when the app did not take it."""

    kind: str
    type: str
    event_id: str
    attempt: int
    acked_after: float | None
    reason: str = ""


class Transport(Protocol):
    """Socket Mode or signed requests."""

    async def send(self, kind: str, payload: dict[str, Any], attempt: int, reason: str) -> Acked:
        """Hand a payload to the app once.

        Raises:
            NotAcked: the app did not take it.
        """
        ...


class Deliveries:
    """What is on its way to the app. `log` tells every attempt."""

    def __init__(self, world: World, faults: Faults, transport: Transport, changed: Callable[[], None]) -> None:
        self._world = world
        self._faults = faults
        self.transport = transport
        self._changed = changed
        self._tasks: set[asyncio.Task[None]] = set()
        self.log: list[Delivered] = []

    @property
    def under_way(self) -> int:
        return len(self._tasks)

    def event(self, payload: dict[str, Any]) -> None:
        """Deliver an event, again and again as Slack does until it is acknowledged or given up."""
        self.spawn(self._event(payload))

    async def interaction(self, kind: str, payload: dict[str, Any]) -> Acked:
        """Deliver a command, an action or a view once.

        Raises:
            NotAcked: the app did not take it in time.
        """
        return await self._attempt(kind, payload, 0, "")

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _event(self, payload: dict[str, Any]) -> None:
        reason = ""
        for attempt, delay in enumerate((None, *self._world.rules.retry_delays_s)):
            if delay:
                await asyncio.sleep(delay)
            try:
                await self._attempt("events_api", payload, attempt, reason)
            except NotAcked as failure:
                reason = str(failure)
                continue
            if self._faults.redelivers():
                await self._again(payload, attempt + 1)
            return

    async def _again(self, payload: dict[str, Any], attempt: int) -> None:
        try:
            await self._attempt("events_api", payload, attempt, "timeout")
        except NotAcked:
            # It was taken before: whether the copy is taken changes nothing.
            return

    async def _attempt(self, kind: str, payload: dict[str, Any], attempt: int, reason: str) -> Acked:
        event = payload.get("event", payload)
        told = (kind, event.get("type", payload.get("command", "")), payload.get("event_id", ""), attempt)
        try:
            acked = await self.transport.send(kind, payload, attempt, reason)
        except NotAcked as failure:
            self.log.append(Delivered(*told, None, str(failure)))
            self._changed()
            raise
        self.log.append(Delivered(*told, acked.after))
        self._changed()
        return acked
