"""Verdicts of people on turns."""

from __future__ import annotations

import re
from collections.abc import Iterable
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
    # A picture picked among others; a draft used as it is.
    PICK = "pick"
    USE = "use"


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


# Discord appends a Fitzpatrick modifier (U+1F3FB to U+1F3FF), Slack a suffix such as `::skin-tone-3`; U+FE0F only asks
# for the coloured form of a character.
_TONE = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f]|::skin-tone-[2-6]")


@dataclass(frozen=True, slots=True)
class Reactions:
    """Which reactions are votes: characters or names, in any skin tone."""

    good: frozenset[str]
    bad: frozenset[str]

    @classmethod
    def of(cls, good: Iterable[str], bad: Iterable[str]) -> Reactions:
        """From the settings' lists."""
        return cls(frozenset(map(_toneless, good)), frozenset(map(_toneless, bad)))

    def verdict(self, reaction: str) -> Verdict | None:
        """What a reaction says; None for one that is no vote."""
        plain = _toneless(reaction)
        if plain in self.good:
            return Verdict.GOOD
        return Verdict.BAD if plain in self.bad else None


def _toneless(reaction: str) -> str:
    return _TONE.sub("", reaction.strip().strip(":"))
