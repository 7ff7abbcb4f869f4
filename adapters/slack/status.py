"""That an answer is on its way: the thread's status line, and the agent session with its Stop button.

Both take requests of their own, so an answer that comes at once shows neither.
"""

from __future__ import annotations

import asyncio

import structlog

from adapters.slack.client import PacedClient
from adapters.slack.errors import SlackRefused, as_ours
from adapters.slack.posting import Spot
from adapters.slack.tasks import Tasks
from bot.errors import DeliveryError

log = structlog.get_logger(__name__)

PROCESSING, ACTIVE = "processing", "active"

_DELAY_S = 1.0
_PACE_S = 1.5
# Slack takes a status away after two minutes.
_RENEWAL_S = 90.0
_SESSION = "agents.sessions.setStatus"
# Requests kept free to take Stop buttons away again.
_KEPT = 20


class AgentSurface:
    """Whether the app is declared an agent; where it is not, Slack says so once and is not asked again."""

    def __init__(self) -> None:
        self.is_there = True


class Status:
    """The status of one thread while one answer is made."""

    def __init__(self, client: PacedClient, spot: Spot, surface: AgentSurface, tasks: Tasks) -> None:
        self._client = client
        self._spot = spot
        self._surface = surface
        self._tasks = tasks
        self._text = ""
        self._changed = asyncio.Event()
        self._showing: asyncio.Task[None] | None = None
        self.is_processing = False

    def say(self, text: str) -> None:
        """Show this line, if the answer takes longer than a moment; an empty one leaves the words to themselves."""
        if not self._spot.thread or not self._surface.is_there:
            return
        if text != self._text:
            self._text = text
            self._changed.set()
        if self._showing is None:
            self._showing = self._tasks.spawn(self._show(), f"status {self._spot.thread}")

    async def end(self) -> None:
        """Show no more. Slack itself takes the line away when the answer comes."""
        if self._showing is not None:
            self._showing.cancel()
            await asyncio.gather(self._showing, return_exceptions=True)

    async def release(self) -> None:
        """Take the Stop button away, unless the end of a stream has done it."""
        if self.is_processing:
            self.is_processing = False
            await self._ask(_SESSION, status=ACTIVE)

    async def _show(self) -> None:
        await asyncio.sleep(_DELAY_S)
        if self._client.pace.room(_SESSION) > _KEPT:
            self.is_processing = True
            await self._ask(_SESSION, status=PROCESSING)
        while self._surface.is_there:
            self._changed.clear()
            if self._text:
                await self._ask("assistant.threads.setStatus", status=self._text)
            await asyncio.sleep(_PACE_S)
            try:
                async with asyncio.timeout(_RENEWAL_S):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _ask(self, method: str, *, status: str) -> None:
        arguments = {"channel_id": self._spot.channel, "thread_ts": self._spot.thread, "status": status}
        try:
            with as_ours(method):
                await self._client.api_call(method, json=arguments)
        except SlackRefused as error:
            log.warning("no agent surface", error=str(error))
            self._surface.is_there = error.code not in ("not_allowed", "missing_scope", "unknown_method")
            self.is_processing = False
        except DeliveryError as error:
            log.warning("status not shown", error=str(error))
