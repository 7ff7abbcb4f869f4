"""Rate limits: a window per bucket and a global one, told in headers and enforced with 429.

The numbers are those that bots see in practice; Discord publishes the mechanism only:
https://discord.com/developers/docs/topics/rate-limits
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1

GLOBAL_PER_SECOND = 50
GRACE_SECONDS = 0.25  # requests that were on their way when a 429 was sent ignored nothing


@dataclass(frozen=True, slots=True)
class Bucket:
    """A route's limit: `limit` requests in `per` seconds, counted for each value of its major parameter."""

    name: str
    limit: int = 50
    per: float = 1.0

    @property
    def hash(self) -> str:
        return sha1(self.name.encode(), usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class _Window:
    used: int
    ends: float


class Refused(Exception):
    """A request over a limit."""

    def __init__(self, retry_after: float, scope: str, headers: dict[str, str]) -> None:
        self.retry_after = retry_after
        self.scope = scope
        self.headers = headers
        super().__init__(f"retry after {retry_after:.3f} s ({scope})")


class Limits:
    """Counts requests. Switched off it lets everything pass and says in the headers that there is plenty of room."""

    def __init__(self, on: bool, violation: Callable[[str], None]) -> None:
        self.on = on
        self._violation = violation
        self._windows: dict[tuple[str, str], _Window] = {}
        self._blocked: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, bucket: Bucket, major: str, *, everywhere: bool = True) -> dict[str, str]:
        """Count a request and return its headers.

        Raises:
            Refused: it is one too many.
        """
        now = time.monotonic()
        self._check_patience(bucket, major, now)
        if not self.on:
            return _headers(bucket, 1_000_000, 999_999, 1.0)
        if everywhere:
            window = self._window(("global", ""), 1.0, now)
            if window.used >= GLOBAL_PER_SECOND:
                raise self._refuse(("global", ""), window.ends - now, "global", {"X-RateLimit-Global": "true"})
        own = self._window((bucket.name, major), bucket.per, now)
        left = own.ends - now
        if own.used >= bucket.limit:
            headers = _headers(bucket, bucket.limit, 0, left)
            raise self._refuse((bucket.name, major), left, "user", headers)
        own.used += 1
        if everywhere:
            window.used += 1
        return _headers(bucket, bucket.limit, bucket.limit - own.used, left)

    def told_to_wait(self, bucket: Bucket, major: str, retry_after: float) -> None:
        """A 429 was sent for another reason; asking again sooner is a violation all the same."""
        now = time.monotonic()
        self._blocked[(bucket.name, major)] = (now, now + retry_after)

    def _window(self, key: tuple[str, str], per: float, now: float) -> _Window:
        window = self._windows.get(key)
        if window is None or window.ends <= now:
            window = self._windows[key] = _Window(0, now + per)
        return window

    def _refuse(self, key: tuple[str, str], left: float, scope: str, headers: dict[str, str]) -> Refused:
        now = time.monotonic()
        self._blocked[key] = (now, now + left)
        return Refused(left, scope, headers)

    def _check_patience(self, bucket: Bucket, major: str, now: float) -> None:
        for key in ((bucket.name, major), ("global", "")):
            told, until = self._blocked.get(key, (0.0, 0.0))
            if told + GRACE_SECONDS < now < until - 0.01:
                self._violation(f"a request to {key[0]} came {until - now:.2f} s before a 429's retry_after was over")


def _headers(bucket: Bucket, limit: int, remaining: int, left: float) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": f"{time.time() + left:.3f}",
        "X-RateLimit-Reset-After": f"{left:.3f}",
        "X-RateLimit-Bucket": bucket.hash,
    }
