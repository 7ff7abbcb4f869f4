"""So many requests in so much time, in moving windows: what people may ask of us, and what we may of a platform.

Kept here: the `limits` library, which reads the rates, starts a thread for nearly every request to sweep its memory,
in its asynchronous kind too.
"""

from __future__ import annotations

import time
from collections import deque

from limits import parse


class MovingWindow:
    """A rate such as "20/minute", for each key by itself."""

    def __init__(self, rate: str) -> None:
        limit = parse(rate)
        self._amount = limit.amount
        self._seconds = limit.get_expiry()
        self._taken: dict[str, deque[float]] = {}
        self._swept = 0.0

    def take(self, key: str) -> float:
        """Count a request and return 0, if there is room; else count nothing and return the seconds until there is."""
        now = time.monotonic()
        self._sweep(now)
        taken = self._current(key, now)
        if len(taken) >= self._amount:
            return taken[0] + self._seconds - now
        taken.append(now)
        return 0.0

    def room(self, key: str) -> int:
        """How many requests could be counted now."""
        return self._amount - len(self._current(key, time.monotonic()))

    def _current(self, key: str, now: float) -> deque[float]:
        taken = self._taken.setdefault(key, deque())
        while taken and taken[0] <= now - self._seconds:
            taken.popleft()
        return taken

    def _sweep(self, now: float) -> None:
        """Once a window, forget the keys that took nothing in it."""
        if now - self._swept < self._seconds:
            return
        self._swept = now
        self._taken = {key: taken for key, taken in self._taken.items() if taken and taken[-1] > now - self._seconds}
