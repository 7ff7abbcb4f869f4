"""What the storage says of what it keeps: figures for people and dashboards, and what an erasure took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.messages import Attachment, Picture


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one person: numbers for `/privacy`."""

    turns: int
    ratings: int
    suggestions: int


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, and the files that belonged to it, for their keepers to delete."""

    turns: int
    ratings: int = 0
    suggestions: int = 0
    attachments: Sequence[Attachment] = ()
    pictures: Sequence[Picture] = ()


@dataclass(frozen=True, slots=True)
class Bucket:
    """Answers and votes of one stretch of time. Seconds are medians; None where nothing happened."""

    start: datetime
    answers: int
    failed: int
    good: int
    bad: int
    first_piece_s: float | None
    tokens_per_second: float | None


@dataclass(frozen=True, slots=True)
class ReleaseVotes:
    """How people like one release."""

    release: str
    answers: int
    good: int
    bad: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Sizes of what is stored."""

    conversations: int
    turns: int
    ratings: int
    pending: int
    database_bytes: int
