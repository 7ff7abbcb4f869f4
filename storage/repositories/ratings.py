"""Verdicts of people on turns, and the better answers that they suggest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, insert, select

from bot.domain.ratings import Rating, RatingSource, Suggestion, Verdict
from storage import tables
from storage.transaction import Transaction


class SqlRatings:
    """`bot.ports.Ratings`. The later verdict wins, in whichever order two arrive."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, rating: Rating) -> None:
        table = tables.rating
        added = self._transaction.insert(table).values(asdict(rating))
        await self._transaction.execute(
            added.on_conflict_do_update(
                index_elements=[table.c.turn_id, table.c.person],
                set_={name: added.excluded[name] for name in ("verdict", "source", "rated_at", "release", "reason")},
                where=table.c.rated_at <= added.excluded.rated_at,
            )
        )

    async def withdraw(self, turn_id: str, person: str) -> bool:
        table = tables.rating
        gone = await self._transaction.execute(
            delete(table).where(table.c.turn_id == turn_id, table.c.person == person)
        )
        return gone.rowcount == 1

    async def of_turns(self, turn_ids: Sequence[str]) -> Sequence[Rating]:
        table = tables.rating
        rows = await self._transaction.execute(
            select(table).where(table.c.turn_id.in_(turn_ids)).order_by(table.c.turn_id, table.c.rated_at)
        )
        return [_rating_of(row) for row in rows]

    async def suggest(self, suggestion: Suggestion) -> None:
        await self._transaction.execute(insert(tables.suggestion).values(asdict(suggestion)))

    async def suggestions_of(self, turn_ids: Sequence[str]) -> Sequence[Suggestion]:
        table = tables.suggestion
        rows = await self._transaction.execute(select(table).where(table.c.turn_id.in_(turn_ids)).order_by(table.c.id))
        return [Suggestion(row.id, row.turn_id, row.person, row.text, row.suggested_at) for row in rows]


def _rating_of(row: Row[Any]) -> Rating:
    return Rating(
        turn_id=row.turn_id,
        person=row.person,
        verdict=Verdict(row.verdict),
        source=RatingSource(row.source),
        rated_at=row.rated_at,
        release=row.release,
        reason=row.reason,
    )
