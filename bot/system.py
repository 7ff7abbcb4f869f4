"""The machine's own clock and ids: what `bot.ports.Clock` and `bot.ports.NewId` are outside of tests."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import uuid_utils


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def new_id() -> str:
    """A UUID of version 7: unique, and sorted by the time it was made (RFC 9562)."""
    return str(uuid_utils.uuid7())
