"""How often the Web API may be asked: Slack's tiers per method, app and workspace, and messages per channel.

Slack tolerates small bursts and does not say how large; here postMessage has a burst of four and the tiers none.
"""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass

WINDOW_S = 60.0
# Requests that were on their way when their method was limited are not held against the app.
IN_FLIGHT_S = 0.3


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` requests in `seconds`, counted for each channel when `by_channel`."""

    count: int
    seconds: float = WINDOW_S
    by_channel: bool = False
    burst: int = 0


TIER_2, TIER_3, TIER_4 = Rate(20), Rate(50), Rate(100)
GENEROUS = Rate(600)
POSTING = Rate(1, 1.0, by_channel=True, burst=4)


@dataclass(slots=True)
class Penalty:
    """A key that has to wait: asked to at `since`, until `until`."""

    since: float
    until: float


class Limiter:
    """Counts requests by key and says who has to wait how long."""

    def __init__(self) -> None:
        self._taken: dict[str, deque[float]] = {}
        self._penalties: dict[str, Penalty] = {}

    def wait(self, key: str, rate: Rate) -> int:
        """Take one request of a key; 0 when it may pass, otherwise whole seconds for Retry-After."""
        now = time.monotonic()
        taken = self._taken.setdefault(key, deque())
        span = rate.seconds * max(1, rate.burst)
        while taken and taken[0] <= now - span:
            taken.popleft()
        if len(taken) < rate.count * max(1, rate.burst):
            taken.append(now)
            return 0
        seconds = max(1, math.ceil(taken[0] + span - now))
        self.penalise(key, seconds)
        return seconds

    def penalise(self, key: str, seconds: float) -> None:
        """Note that a key was told to wait."""
        now = time.monotonic()
        self._penalties[key] = Penalty(now, now + seconds)

    def is_impatient(self, key: str) -> bool:
        """Whether a request comes before the time that its key was told to wait, and not just in flight."""
        penalty = self._penalties.get(key)
        now = time.monotonic()
        return penalty is not None and penalty.since + IN_FLIGHT_S < now < penalty.until - 0.01
