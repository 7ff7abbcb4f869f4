"""How often the states of growing answers may be shown, shared out among them; and how many requests go out at all.

Discord takes about five edits in five seconds in a channel, and fifty requests a second of a bot in all; beyond them it
makes even the last states wait. An answer's states are therefore spaced by the number of answers that grow in its
channel, and by that of all. A state whose time has not come is skipped, the next one holds its words too. Last states
never ask here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from types import SimpleNamespace

import aiohttp

from bot.chat.windows import MovingWindow
from bot.ports import Clock

# Seconds between two states in a channel: four in five seconds, which leaves room for last states.
SPACING_S = 1.25
# States in a second in all channels: half of what Discord takes of a bot.
AT_MOST_PER_S = 25.0
# Requests of a bot: Discord takes 50 in a second, by its own clock.
REQUESTS = "45/second"
# Requests that Discord does not count there: those about interactions.
_UNCOUNTED = ("/interactions/", "/webhooks/")


class Pacer:
    """The growing answers of all channels, and when each may show its next state."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next: dict[Hashable, dict[object, float]] = {}
        self._growing = 0

    @property
    def crowd_s(self) -> float:
        """Seconds in which each of the answers that grow now may show one state."""
        return self._growing / AT_MOST_PER_S

    def join(self, channel: Hashable, reply: object) -> None:
        """An answer begins to grow; the first in its channel may show at once, later ones in turn."""
        growing = self._next.setdefault(channel, {})
        if reply not in growing:
            growing[reply] = self._clock.monotonic() + SPACING_S * len(growing)
            self._growing += 1

    def leave(self, channel: Hashable, reply: object) -> None:
        """An answer has its last state."""
        growing = self._next.get(channel, {})
        if growing.pop(reply, None) is not None:
            self._growing -= 1
        if not growing:
            self._next.pop(channel, None)

    def may_show(self, channel: Hashable, reply: object) -> bool:
        """Whether a state may be shown now; if so, it counts as shown."""
        growing = self._next[channel]
        now = self._clock.monotonic()
        if now < growing[reply]:
            return False
        growing[reply] = now + max(SPACING_S * len(growing), self.crowd_s)
        return True


class Turns:
    """Lets requests out in the order in which they come, no more in a time than a rate such as "45/second".

    discord.py sends all that there are, has all beyond Discord's limit refused, and sends these again at the same
    moment. Discord shuts out a bot that has ten thousand requests refused in ten minutes.
    """

    def __init__(self, rate: str) -> None:
        """`rate`: empty for a server without limits."""
        self._window = MovingWindow(rate) if rate else None
        self._line = asyncio.Lock()

    def trace(self) -> aiohttp.TraceConfig:
        """What makes a client of the library wait for its turns."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._wait)
        return trace

    async def _wait(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, request: aiohttp.TraceRequestStartParams
    ) -> None:
        if self._window is None or any(part in request.url.path for part in _UNCOUNTED):
            return
        async with self._line:
            left = self._window.take("")
            while left > 0:
                await asyncio.sleep(left)
                left = self._window.take("")
