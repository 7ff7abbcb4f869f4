"""Values to store, with everything that a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from bot.domain.conversation import Turn, TurnStatus
from bot.domain.generation import Role
from bot.domain.messages import IncomingMessage, MessageRef
from bot.domain.places import Person, Place, Platform
from bot.domain.ratings import Rating, RatingSource, Verdict
from bot.ports import InboxItem, Look, UnitOfWork, UnitOfWorkFactory

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLACE = Place(Platform.WEB, "home", "general")
ADA = Person(Platform.WEB, "ada", "Ada Lovelace")
LIN = Person(Platform.WEB, "lin", "林")
_NUMBERS: Iterator[int] = count(1)


def new_id() -> str:
    """Ids that sort by the time they were made."""
    return f"{next(_NUMBERS):012d}"


def later(seconds: float) -> datetime:
    """So many seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def question(conversation_id: str, text: str = "What is a loom?", by: Person = ADA, **changes: Any) -> Turn:
    """A person's turn."""
    values: dict[str, Any] = {
        "id": new_id(),
        "conversation_id": conversation_id,
        "parent_id": None,
        "role": Role.USER,
        "author": by.key,
        "author_name": by.name,
        "text": text,
        "status": TurnStatus.COMPLETE,
        "created_at": NOW,
    }
    return Turn(**{**values, **changes})


def answer(to: Turn, text: str = "A loom weaves cloth.", **changes: Any) -> Turn:
    """The bot's turn beneath another."""
    values: dict[str, Any] = {
        "id": new_id(),
        "conversation_id": to.conversation_id,
        "parent_id": to.id,
        "role": Role.ASSISTANT,
        "author": "",
        "author_name": "Inkling",
        "text": text,
        "status": TurnStatus.COMPLETE,
        "created_at": to.created_at,
        "release": "base",
    }
    return Turn(**{**values, **changes})


def message(text: str = "What is a loom?", by: Person = ADA, place: Place = PLACE, **changes: Any) -> IncomingMessage:
    """An event: a person wrote."""
    event = new_id()
    values: dict[str, Any] = {
        "event_id": event,
        "place": place,
        "ref": MessageRef(place.platform, place.channel, event),
        "by": by,
        "text": text,
        "at": NOW,
    }
    return IncomingMessage(**{**values, **changes})


def item(ask: IncomingMessage | None = None, **changes: Any) -> InboxItem:
    """An accepted event."""
    values: dict[str, Any] = {
        "id": new_id(),
        "ask": ask or message(),
        "question_id": new_id(),
        "answer_id": new_id(),
        "accepted_at": NOW,
        "attempts": 0,
    }
    return InboxItem(**{**values, **changes})


def verdict(on: Turn, by: Person = ADA, says: Verdict = Verdict.GOOD, **changes: Any) -> Rating:
    """A person's rating of a turn."""
    values: dict[str, Any] = {
        "turn_id": on.id,
        "person": by.key,
        "verdict": says,
        "source": RatingSource.BUTTON,
        "rated_at": NOW,
        "release": on.release,
    }
    return Rating(**{**values, **changes})


async def stored_exchange(
    units: UnitOfWorkFactory, text: str = "What is a loom?", by: Person = ADA, place: Place = PLACE, **changes: Any
) -> tuple[Turn, Turn]:
    """A question and its answer, stored in the place's conversation; changes are the answer's."""
    async with units() as uow:
        conversation = await uow.turns.conversation_of(place, new_id, NOW)
        asked = question(conversation.id, text, by)
        answered = answer(asked, **changes)
        await uow.turns.add(asked, answered)
    return asked, answered


async def path_to(uow: UnitOfWork, turn_id: str, *, most: int = 1000) -> Sequence[Turn]:
    """The branch that a turn ends."""
    (heard,) = await uow.turns.heard([Look(turn_id, most, (ADA.key,))])
    return heard.path
