"""Verdicts of people on turns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """Good or bad; there is nothing between."""

    GOOD = "good"
    BAD = "bad"


class RatingSource(StrEnum):
    """How the verdict reached us."""

    REACTION = "reaction"
    BUTTON = "button"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Rating:
    """One person's verdict on one turn. There is at most one per person and turn; the latest wins."""

    turn_id: str
    person: str
    verdict: Verdict
    source: RatingSource
    rated_at: datetime
    release: str | None = None
    reason: str = ""

    def supersedes(self, other: Rating) -> bool:
        """Whether this verdict replaces the other: same person, same turn, not earlier."""
        same = (self.turn_id, self.person) == (other.turn_id, other.person)
        return same and self.rated_at >= other.rated_at


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A better answer that a person wrote for a turn; a target for training."""

    id: str
    turn_id: str
    person: str
    text: str
    suggested_at: datetime
