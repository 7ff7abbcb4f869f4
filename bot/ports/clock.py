"""The time, and names that are unique."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time, so that a test can own it."""

    def now(self) -> datetime:
        """Now, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...


class NewId(Protocol):
    """Makes ids that are unique and sort by the time they were made."""

    def __call__(self) -> str: ...
