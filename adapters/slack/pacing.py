"""Keeping Slack's rate limits before Slack has to, and waiting as told when it says 429.

Limits count per method for the whole workspace (https://docs.slack.dev/apis/web-api/rate-limits), messages per channel,
so all answers share one `Pace`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from weakref import WeakValueDictionary

from bot.chat.windows import MovingWindow

SLACK_RATES: Mapping[str, str] = {
    # One a second and channel, short bursts tolerated.
    "chat.postMessage": "4/4seconds",
    "chat.startStream": "20/minute",
    "chat.stopStream": "20/minute",
    "chat.appendStream": "100/minute",
    "chat.update": "50/minute",
    "chat.delete": "50/minute",
    "chat.postEphemeral": "100/minute",
    "agents.sessions.setStatus": "50/minute",
    "conversations.history": "50/minute",
    "conversations.replies": "50/minute",
    "users.conversations": "20/minute",
    "users.info": "100/minute",
    "files.info": "100/minute",
    "views.publish": "50/minute",
}
"""Requests in a time, by method, as Slack's tiers have it."""

_BY_CHANNEL = {"chat.postMessage"}
# Beyond a window's end: Slack counts when requests arrive, and one that was longer on its way than the next would make
# that one too early. A 429 costs whole seconds.
_MARGIN_S = 0.25
_FREE = 1_000_000


class Pace:
    """Who may ask what, and when."""

    def __init__(self, rates: Mapping[str, str]) -> None:
        self._windows = {method: MovingWindow(rate) for method, rate in rates.items()}
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._paused: dict[str, float] = {}

    def room(self, method: str) -> int:
        """How many requests of a method may be sent without waiting (not for those counted by channel)."""
        if self._pause_left(method) > 0:
            return 0
        window = self._windows.get(method)
        return window.room(method) if window is not None else _FREE

    async def turn(self, method: str, channel: str = "") -> None:
        """Wait until a request may be sent, and count it. Those who wait go in the order they came."""
        key = key_of(method, channel)
        if key not in self._lines and self._wait(method, key) == 0:
            # Nobody waits.
            return
        async with self._lines.setdefault(key, asyncio.Lock()):
            wait = self._wait(method, key)
            while wait > 0:
                await asyncio.sleep(wait)
                wait = self._wait(method, key)

    def pause(self, key: str, seconds: float) -> None:
        """Slack told this key to wait: nobody asks before that."""
        self._paused[key] = max(self._paused.get(key, 0.0), time.monotonic() + seconds)

    def take(self, method: str) -> bool:
        """Count a request that is to be sent at once, if there is room for it; not for methods counted by channel."""
        return self._wait(method, method) == 0

    async def rest(self, key: str) -> None:
        """Wait until a key that was told to wait may ask again."""
        left = self._pause_left(key)
        while left > 0:
            await asyncio.sleep(left)
            left = self._pause_left(key)

    def _pause_left(self, key: str) -> float:
        return self._paused.get(key, 0.0) - time.monotonic()

    def _wait(self, method: str, key: str) -> float:
        """Seconds until there may be room; 0 when there is, and then the request is counted."""
        pause = self._pause_left(key)
        if pause > 0:
            return pause
        window = self._windows.get(method)
        wait = window.take(key) if window is not None else 0.0
        return wait + _MARGIN_S if wait > 0 else 0.0


def key_of(method: str, channel: str) -> str:
    """What a request is counted under."""
    return f"{method} {channel}" if method in _BY_CHANNEL else method
