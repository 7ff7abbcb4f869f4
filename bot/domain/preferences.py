"""What people and places chose: consent to learning, house style and the like.

A preference belongs to an owner, the key of a `Place` or of a `Person`. Consent is decided by `may_learn`, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.places import Place


class PreferenceName(StrEnum):
    """The choices that exist.

    LEARNING belongs to a place ("on", "off"), OPT_OUT to a person ("yes"), NOTICES to the bot (where its admins are
    told things: "<locale> <conversation id>"), DIGEST to a place (a `bot.domain.digests.DigestPlan`); the others to a
    place, PERSONA and INSTRUCTIONS to a person, too (see `bot.domain.place_settings`).
    """

    LEARNING = "learning"
    OPT_OUT = "opt_out"
    NOTICES = "notices"
    DIGEST = "digest"
    PERSONA = "persona"
    INSTRUCTIONS = "instructions"
    HOUSE_STYLE = "house_style"
    IDLE = "idle"
    MEMORY = "memory"
    GREETING = "greeting"


@dataclass(frozen=True, slots=True)
class Preference:
    """One choice, who made it and when."""

    owner: str
    name: PreferenceName
    value: str
    set_by: str
    set_at: datetime


def learning_choice(place: Place, choices: Mapping[str, str]) -> str | None:
    """The choice of LEARNING that counts in a place, of all choices by owner.

    A thread has its channel's. What is chosen in a thread is kept for the channel, but earlier versions kept it for the
    thread alone, and that still counts there.
    """
    return choices.get(place.key) or choices.get(place.channel_key)


def learns_from(place: Place, choice: str | None) -> bool:
    """Whether a place's talk may be learned from: as its admin chose, else on for local places, off elsewhere."""
    return choice == "on" if choice is not None else place.platform.is_local


def may_learn(place: Place, place_choice: str | None, opted_out: bool) -> bool:
    """Whether one person's words in a place may become examples. A person's opt-out outweighs the place's choice."""
    return learns_from(place, place_choice) and not opted_out
