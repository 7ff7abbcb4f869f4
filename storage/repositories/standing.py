"""What events meet as they come in, in one look: nothing else is asked before the platform may be told.

Each look costs two passes of the event loop and a turn of SQLite's thread, for each of which a busy machine lets one
wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, Select, bindparam, exists, literal, select

from bot.domain.conversation import Spoken
from bot.domain.messages import Ask
from bot.domain.places import PlaceKind
from bot.ports import Standing
from storage.prepared import Prepared, Rows, Values
from storage.repositories.preferences import choice_of, choices_of
from storage.repositories.values import conversation_of
from storage.tables import conversation, inbox, turn
from storage.transaction import Transaction


async def standings_of(asks: Sequence[Ask], transaction: Transaction) -> list[Standing]:
    """What stands in the database as events come."""
    in_channels = [ask for ask in asks if ask.place.kind is PlaceKind.CHANNEL]
    choices = [choices_of((ask.place.channel_key, ask.by.key)) for ask in in_channels]
    met = await transaction.fetch_all([*((_STANDING, _look(ask)) for ask in asks), *choices])
    chosen = iter(met[len(asks) :])
    return [
        _standing_of(row, next(chosen) if ask.place.kind is PlaceKind.CHANNEL else ())
        for ask, (row,) in zip(asks, met[: len(asks)], strict=True)
    ]


def _look(ask: Ask) -> Values:
    return {"on": ask.place.platform, "event": ask.event_id, "place": ask.place.key}


def _standing_of(row: Sequence[Any], chosen: Rows) -> Standing:
    is_known, *place, spoken_id, spoken_at = row
    latest = Spoken(spoken_id, spoken_at) if spoken_id else None
    talk = conversation_of(*place) if place[0] else None
    return Standing(bool(is_known), talk, latest, tuple(choice_of(*each) for each in chosen))


def _standing() -> Select[Any]:
    is_known = exists().where(inbox.c.platform == bindparam("on"), inbox.c.event_id == bindparam("event"))
    said = turn.alias("said")
    last = select(said.c.id).where(said.c.conversation_id == conversation.c.id, said.c.aside.is_(False))
    last_id = last.order_by(said.c.id.desc()).limit(1).correlate(conversation).scalar_subquery()
    # One row, whether or not anything was ever said there.
    one = select(literal(1).label("one")).subquery("one")
    met = one.outerjoin(conversation, conversation.c.place_key == bindparam("place"))
    return (
        select(is_known.label("is_known"), *conversation.c, turn.c.id, turn.c.created_at)
        .select_from(met.outerjoin(turn, turn.c.id == last_id))
        .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
    )


_STANDING = Prepared(_standing())
