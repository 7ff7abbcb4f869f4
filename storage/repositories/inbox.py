"""Accepted events: kept until they are answered, claimed by one process at a time, known by identity afterwards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import structlog
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Row, bindparam, or_, select, update

from bot.domain.conversation import TurnStatus
from bot.domain.messages import Ask
from bot.domain.places import Platform
from bot.ports import InboxItem, Standing
from storage.prepared import Prepared, prepared_insert
from storage.repositories.standing import standings_of
from storage.repositories.values import OPEN
from storage.tables import inbox, turn
from storage.transaction import Transaction

log = structlog.get_logger(__name__)

_ASK: TypeAdapter[Ask] = TypeAdapter(Annotated[Ask, Field(discriminator="kind")])


class InboxState(StrEnum):
    """Unanswered, answered, or kept in a form that this program cannot read."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"


class SqlInbox:
    """`bot.ports.Inbox`. The person stays on an answered event, for what the answer used is counted as theirs."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._new: set[tuple[str, str]] = set()

    async def standings(self, asks: Sequence[Ask]) -> Sequence[Standing]:
        met = await standings_of(asks, self._transaction)
        if self._transaction.writes:
            new = (ask for ask, standing in zip(asks, met, strict=True) if not standing.is_known)
            self._new.update((ask.place.platform, ask.event_id) for ask in new)
        return met

    async def add(self, item: InboxItem, *, owner: str = "", until: datetime | None = None) -> bool:
        identity = (item.ask.place.platform, item.ask.event_id)
        row = {
            "id": item.id,
            "platform": item.ask.place.platform,
            "event_id": item.ask.event_id,
            "person": item.ask.by.key,
            "ask": json.dumps(_ASK.dump_python(item.ask, mode="json"), ensure_ascii=False),
            "question_id": item.question_id,
            "answer_id": item.answer_id,
            "state": InboxState.OPEN,
            "attempts": item.attempts + bool(owner),
            "owner": owner or None,
            "held_until": until,
            "accepted_at": item.accepted_at,
        }
        if identity in self._new:
            # Seen to be new in this very transaction, which no other writer shares: nothing is to be waited for.
            self._new.remove(identity)
            await self._transaction.write(_ADD, row)
            return True
        return len(await self._transaction.fetch(_ADD, row)) == 1

    async def claim(self, item_id: str, owner: str, now: datetime, until: datetime) -> bool:
        claimed = await self._transaction.execute(
            update(inbox)
            .where(inbox.c.id == item_id, inbox.c.state == InboxState.OPEN, _is_free(now))
            .values(owner=owner, held_until=until, attempts=inbox.c.attempts + 1)
        )
        return claimed.rowcount == 1

    async def renew(self, owner: str, until: datetime) -> None:
        await self._transaction.execute(
            update(inbox).where(inbox.c.owner == owner, inbox.c.state == InboxState.OPEN).values(held_until=until)
        )

    async def release(self, owner: str) -> int:
        released = await self._transaction.execute(
            update(inbox)
            .where(inbox.c.owner == owner, inbox.c.state == InboxState.OPEN)
            .values(owner=None, held_until=None)
        )
        return released.rowcount

    async def pending(self, platforms: Sequence[Platform], now: datetime) -> Sequence[InboxItem]:
        rows = await self._transaction.execute(
            select(inbox)
            .where(inbox.c.state == InboxState.OPEN, inbox.c.platform.in_(platforms), _is_free(now))
            .order_by(inbox.c.id)
        )
        items = []
        for row in rows.all():
            try:
                items.append(_item(row))
            except ValidationError:
                await self._give_up(row)
        return items

    async def latest(self, platform: Platform) -> datetime | None:
        found = await self._transaction.execute(
            select(inbox.c.accepted_at).where(inbox.c.platform == platform).order_by(inbox.c.id.desc()).limit(1)
        )
        moment: datetime | None = found.scalar_one_or_none()
        return moment

    async def finish(self, item_id: str, finished_at: datetime) -> None:
        await self._transaction.write(_FINISH, {"item": item_id, "finished_at": finished_at})

    async def _give_up(self, row: Row[Any]) -> None:
        """An event that cannot be read must not keep the others from being answered."""
        log.error("inbox event cannot be read any more", item=row.id, answer=row.answer_id)
        if not self._transaction.writes:
            return
        await self._transaction.execute(update(inbox).where(inbox.c.id == row.id).values(state=InboxState.FAILED))
        await self._transaction.execute(
            update(turn).where(turn.c.id == row.answer_id, turn.c.status.in_(OPEN)).values(status=TurnStatus.FAILED)
        )


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(inbox.c.owner.is_(None), inbox.c.held_until <= now)


def _item(row: Row[Any]) -> InboxItem:
    ask = _ASK.validate_json(row.ask)
    return InboxItem(row.id, ask, row.question_id, row.answer_id, row.accepted_at, row.attempts)


_ADD = prepared_insert(
    inbox,
    lambda insert: insert.on_conflict_do_nothing(index_elements=[inbox.c.platform, inbox.c.event_id]).returning(
        inbox.c.id
    ),
)
_FINISH = Prepared(
    update(inbox)
    .where(inbox.c.id == bindparam("item"))
    .values(state=InboxState.DONE, ask=None, owner=None, held_until=None)
)
