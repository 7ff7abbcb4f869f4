"""The addresses of remote servers: which one is asked next, and which ones are left alone for a while.

Plain Python over plain state. An address that failed several times in a row rests; after its rest one request may try
it, and its success ends the matter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

_FAILURES_TO_REST = 5


class Address:
    """One server. `busy` counts the requests it is answering for us."""

    def __init__(self, url: str, rest_s: float, now: Callable[[], float] = time.monotonic) -> None:
        url = url.rstrip("/")
        self.url = url if url.endswith("/v1") else f"{url}/v1"
        self.busy = 0
        self.trouble = ""
        self._failures = 0
        self._rests_until: float | None = None
        self._rest_s = rest_s
        self._now = now

    @property
    def is_resting(self) -> bool:
        """Whether it failed so often that it is not trusted until it answered again."""
        return self._rests_until is not None

    @property
    def may_be_asked(self) -> bool:
        """Whether it is trusted, or may be tried by one request because its rest is over."""
        return self._rests_until is None or (self._now() >= self._rests_until and self.busy == 0)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Count a request while the block runs."""
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1

    def succeeded(self) -> None:
        """It answered."""
        self._failures, self._rests_until, self.trouble = 0, None, ""

    def failed(self, trouble: str) -> None:
        """It did not answer; `trouble` says how, for the operator."""
        self.trouble = trouble
        self._failures += 1
        if self._failures >= _FAILURES_TO_REST or self.is_resting:
            self.rest(trouble)

    def rest(self, trouble: str) -> None:
        """Leave it alone for a while, from now on."""
        self.trouble = trouble
        self._rests_until = self._now() + self._rest_s


class Addresses:
    """All addresses of one engine."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = tuple(addresses)

    def __iter__(self) -> Iterator[Address]:
        return iter(self._addresses)

    def __len__(self) -> int:
        return len(self._addresses)

    def pick(self, tried: Collection[Address] = ()) -> Address | None:
        """The least busy one that may be asked; those tried already only when there is no other."""
        usable = [address for address in self._addresses if address.may_be_asked]
        fresh = [address for address in usable if address not in tried]
        return min(fresh or usable, key=lambda address: (address.is_resting, address.busy), default=None)

    @property
    def trouble(self) -> str:
        """What is wrong with those that rest, for the operator."""
        return "; ".join(f"{address.url}: {address.trouble}" for address in self._addresses if address.trouble)
