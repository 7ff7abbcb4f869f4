"""Reads for the dashboard. Everything is counted by the database, so that the event loop never walks many rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger as Whole
from sqlalchemy import ColumnElement, and_, case, cast, extract, func, not_, or_, select, text

from bot.domain.conversation import TurnStatus
from bot.domain.generation import Role
from bot.domain.keeping import Bucket, ReleaseVotes, Totals
from bot.domain.ratings import Verdict
from storage.repositories.inbox import InboxState
from storage.tables import conversation, inbox, rating, turn, usage
from storage.transaction import Transaction

# Help and settings are asides that no model wrote: shown, but no answers to count.
_IS_ANSWER = and_(turn.c.role == Role.ASSISTANT, or_(not_(turn.c.aside), turn.c.release.is_not(None)))
_ANSWERED = turn.c.status.in_((TurnStatus.COMPLETE, TurnStatus.STOPPED, TurnStatus.FORGOTTEN))
_FAILED = turn.c.status.in_((TurnStatus.FAILED, TurnStatus.INTERRUPTED))
_GOOD = func.count().filter(rating.c.verdict == Verdict.GOOD)
_BAD = func.count().filter(rating.c.verdict == Verdict.BAD)
_WRITING_S = turn.c.finished_s - turn.c.first_piece_s
# The first token is there when the clock of the writing starts.
_TOKENS_PER_SECOND = case((_WRITING_S > 0, (turn.c.completion_tokens - 1) / _WRITING_S))


class SqlStatistics:
    """`bot.ports.Statistics`. A forgotten answer still counts: of it, only numbers are left."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def buckets(self, since: datetime, step_seconds: int) -> Sequence[Bucket]:
        # SQLite counts whole seconds, so the stretches begin with one.
        since = since.replace(microsecond=0)
        answered_in = self._stretch(turn.c.created_at, since, step_seconds)
        answers = await self._by_stretch(
            select(answered_in, func.count().filter(_ANSWERED), func.count().filter(_FAILED))
            .where(_IS_ANSWER, turn.c.created_at >= since)
            .group_by(answered_in)
        )
        rated_in = self._stretch(rating.c.rated_at, since, step_seconds)
        votes = await self._by_stretch(
            select(rated_in, _GOOD, _BAD).where(rating.c.rated_at >= since).group_by(rated_in)
        )
        first_piece = await self._medians(turn.c.first_piece_s, since, step_seconds)
        speed = await self._medians(_TOKENS_PER_SECOND, since, step_seconds)
        until_now = int((datetime.now(UTC) - since).total_seconds()) // step_seconds
        return [
            Bucket(
                since + timedelta(seconds=step_seconds * index),
                *answers.get(index, (0, 0)),
                *votes.get(index, (0, 0)),
                *first_piece.get(index, (None,)),
                *speed.get(index, (None,)),
            )
            for index in range(max([until_now, *answers, *votes]) + 1)
        ]

    async def votes_by_release(self) -> Sequence[ReleaseVotes]:
        answers = await self._transaction.execute(
            select(turn.c.release, func.count().label("answers"))
            .where(turn.c.release.is_not(None))
            .group_by(turn.c.release)
        )
        votes = await self._transaction.execute(
            select(rating.c.release, _GOOD.label("good"), _BAD.label("bad"))
            .where(rating.c.release.is_not(None))
            .group_by(rating.c.release)
        )
        answered = {row.release: row.answers for row in answers}
        voted = {row.release: (row.good, row.bad) for row in votes}
        names = sorted(answered.keys() | voted.keys())
        return [ReleaseVotes(name, answered.get(name, 0), *voted.get(name, (0, 0))) for name in names]

    async def totals(self) -> Totals:
        counts = {
            "conversations": select(func.count()).select_from(conversation),
            "turns": select(func.count()).select_from(turn),
            "ratings": select(func.count()).select_from(rating),
            "pending": select(func.count()).select_from(inbox).where(inbox.c.state == InboxState.OPEN),
        }
        named = [count.scalar_subquery().label(name) for name, count in counts.items()]
        row = (await self._transaction.execute(select(*named))).one()
        return Totals(row.conversations, row.turns, row.ratings, row.pending, await self._database_bytes())

    async def usage_of(self, person: str, since: datetime) -> Mapping[str, int]:
        names = ("requests", "prompt_tokens", "completion_tokens")
        rows = await self._transaction.execute(
            select(*(func.coalesce(func.sum(usage.c[name]), 0) for name in names)).where(
                usage.c.person == person, usage.c.day >= since.astimezone(UTC).date()
            )
        )
        return dict(zip(names, map(int, rows.one()), strict=True))

    async def _database_bytes(self) -> int:
        size = "SELECT pg_database_size(current_database())"
        if self._transaction.is_sqlite:
            size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        return int((await self._transaction.execute(text(size))).scalar_one())

    def _stretch(self, moment: ColumnElement[datetime], since: datetime, step_seconds: int) -> ColumnElement[int]:
        """The number of the stretch that a moment lies in, 0 for the one that begins at `since`."""
        seconds: ColumnElement[Any] = extract("epoch", moment)
        if not self._transaction.is_sqlite:
            # PostgreSQL counts fractions, and would round them.
            seconds = cast(func.floor(seconds), Whole)
        return ((seconds - int(since.timestamp())) // step_seconds).label("stretch")

    async def _medians(
        self, value: ColumnElement[Any], since: datetime, step_seconds: int
    ) -> Mapping[int, tuple[Any, ...]]:
        """The median of a value of the answers, by stretch: the mean of the middle one or two."""
        stretch = self._stretch(turn.c.created_at, since, step_seconds)
        ranked = (
            select(
                stretch,
                value.label("value"),
                func.row_number().over(partition_by=stretch, order_by=value).label("rank"),
                func.count().over(partition_by=stretch).label("of"),
            )
            .where(_IS_ANSWER, turn.c.created_at >= since, value.is_not(None))
            .subquery()
        )
        is_middle = ranked.c.rank.in_(((ranked.c.of + 1) // 2, (ranked.c.of + 2) // 2))
        return await self._by_stretch(
            select(ranked.c.stretch, func.avg(ranked.c.value)).where(is_middle).group_by(ranked.c.stretch)
        )

    async def _by_stretch(self, statement: Any) -> Mapping[int, tuple[Any, ...]]:
        rows = await self._transaction.execute(statement)
        return {row[0]: tuple(row[1:]) for row in rows}
