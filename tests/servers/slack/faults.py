"""What goes wrong at the vendor, at will: refused requests, rate limits, lost answers, redelivery, outages."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Refusal:
    """A request to be refused, `left` times more."""

    pattern: re.Pattern[str]
    status: int
    left: int
    retry_after: float | None = None
    error: str | None = None


class Faults:
    """Switches of a server's bad days; all of them are off at first. `stalled` counts what `stall` met."""

    def __init__(self) -> None:
        self._refusals: list[Refusal] = []
        self._losses: list[Refusal] = []
        self._delays: list[Refusal] = []
        self._stalls: list[Refusal] = []
        self._limited: tuple[float, random.Random] | None = None
        self._redelivered: tuple[float, random.Random] | None = None
        self._out_until = 0.0
        self._cut: Callable[[], None] = lambda: None
        self.stalled = 0

    def cuts_with(self, cut: Callable[[], None]) -> None:
        """How sockets are dropped; the server tells."""
        self._cut = cut

    def drop_sockets(self) -> None:
        """Cut every connection of the app without a close frame."""
        self._cut()

    def refuse(
        self,
        method_or_path: str,
        status: int = 200,
        *,
        times: int = 1,
        retry_after: float | None = None,
        error: str | None = None,
    ) -> None:
        """Refuse the next requests whose Web API method or path matches: with a status, or 200 and Slack's `error`."""
        self._refusals.append(Refusal(re.compile(method_or_path), status, times, retry_after, error))

    def lose(self, method_or_path: str, times: int = 1) -> None:
        """Do what the next matching requests ask, but cut the connection in place of an answer."""
        self._losses.append(Refusal(re.compile(method_or_path), 0, times))

    def delay(self, method_or_path: str, seconds: float, times: int = 1) -> None:
        """Answer the next matching requests only after this time."""
        self._delays.append(Refusal(re.compile(method_or_path), 0, times, seconds))

    def stall(self, method_or_path: str, seconds: float, times: int = 1) -> None:
        """Do what the next matching requests ask only after this time, whether or not anyone still waits for it."""
        self._stalls.append(Refusal(re.compile(method_or_path), 0, times, seconds))

    def rate_limit(self, share: float = 0.05, seed: int = 0) -> None:
        """Answer this share of Web API requests with 429 and Retry-After: 1; 0 ends it."""
        self._limited = (share, random.Random(seed)) if share else None

    def redeliver(self, share: float = 0.1, seed: int = 0) -> None:
        """Deliver this share of acknowledged events once more; 0 ends it."""
        self._redelivered = (share, random.Random(seed)) if share else None

    def outage(self, seconds: float) -> None:
        """Drop every connection and answer nothing but 503 for a while."""
        self._out_until = time.monotonic() + seconds
        self._cut()

    @property
    def is_out(self) -> bool:
        return time.monotonic() < self._out_until

    def refusal(self, path: str) -> Refusal | None:
        """The refusal that meets this request, if any; it counts as used."""
        if self.is_out:
            return Refusal(re.compile(""), 503, 0)
        return _take(self._refusals, path)

    def loses(self, path: str) -> bool:
        """Whether this request's answer gets lost."""
        return _take(self._losses, path) is not None

    def seconds_late(self, path: str) -> float:
        """How long this request's answer takes."""
        return _seconds(_take(self._delays, path))

    def seconds_stalled(self, path: str) -> float:
        """How long this request lies about before anybody looks at it."""
        stall = _take(self._stalls, path)
        self.stalled += stall is not None
        return _seconds(stall)

    def limits(self) -> bool:
        return self._limited is not None and self._limited[1].random() < self._limited[0]

    def redelivers(self) -> bool:
        return self._redelivered is not None and self._redelivered[1].random() < self._redelivered[0]


def _seconds(fault: Refusal | None) -> float:
    return 0.0 if fault is None else fault.retry_after or 0.0


def _take(refusals: list[Refusal], path: str) -> Refusal | None:
    for refusal in refusals:
        if refusal.left and refusal.pattern.search(path):
            refusal.left -= 1
            return refusal
    return None
